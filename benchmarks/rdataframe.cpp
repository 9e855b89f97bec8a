// The DT tag-and-probe as one compiled loop of RDataFrame, to be timed beside dtperf.
// Cuts and bins are those of `reference_2023`; counts are plain arrays, the fastest there are.
#include <ROOT/RDataFrame.hxx>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace tnp {

template <typename T> using Vec = ROOT::VecOps::RVec<T>;

struct Bins {
  int n; double low, high;
  // ROOT's rule; 0 and n + 1 are the flow bins
  int operator()(double x) const {
    if (x < low) return 0;
    return x < high ? 1 + int(n * (x - low) / (high - low)) : n + 1;
  }
};

const Bins ten{10, -0.5, 9.5}, thirty{30, -0.5, 29.5}, algos{20, -0.5, 19.5}, iso{100, 0, 5},
    mass{100, 50, 150}, dz{100, -5, 5}, wide_pt{100, 0, 1000}, all_dr{100, 0, 6.2831853072},
    eta96{96, -1.2, 1.2}, others{5, -0.5, 4.5}, pt200{200, 0, 200}, eta56{56, -1.2, 1.2},
    phi180{180, -3.14159265359, 3.14159265359}, small_dr{50, 0, 0.5}, fifty{50, 0, 50},
    eta48{48, -1.2, 1.2}, phi96{96, -3.14159265359, 3.14159265359}, map_eta{96, -1.4, 1.4},
    local_x{42, -210, 210}, local_y{14, -140, 140}, t0_bins{50, -12.5, 12.5};

using Counts = std::vector<long>;

struct Loop {
  Loop() {}
  Loop(const Loop&) = delete;  // the references are to its own counts

  std::map<std::string, Counts> counts;
  long pairs = 0, crossings = 0;
  std::map<unsigned, Counts> by_run;  // station, wheel, sector, passed

  Counts& of(const char* name, long size) {
    auto& found = counts[name];
    if (found.empty()) found.resize(size);
    return found;
  }

  Counts &pixel = of("probe_pixel_hits", 12), &layers = of("probe_tracker_layers", 32),
         &rpc = of("probe_rpc_layers", 32), &algo = of("probe_orig_algo", 22),
         &reliso = of("probe_iso", 102), &pair_mass = of("pair_mass", 102),
         &pair_dz = of("pair_dz", 102), &pair_dr = of("pair_dr_vs_probe_pt", 102 * 102),
         &n_other = of("other_stations_vs_eta", 4 * 98 * 7), &pt = of("probe_pt", 4 * 202),
         &eta = of("probe_eta", 4 * 58), &phi = of("probe_phi", 4 * 182),
         &res_dr = of("residual_dr_vs_pt", 4 * 202 * 52),
         &res_dx = of("residual_dx_vs_pt", 4 * 202 * 52),
         &res_dy = of("residual_dy_vs_pt", 4 * 202 * 52),
         &acc_eta = of("acceptance_vs_eta", 4 * 50 * 2),
         &acc_map = of("acceptance_map", 4 * 2 * 98 * 98 * 2),
         &acc_phi = of("acceptance_vs_phi", 4 * 2 * 98 * 2),
         &acc_pt = of("acceptance_vs_pt", 4 * 202 * 2), &eff_pt = of("efficiency_vs_pt", 4 * 202 * 2),
         &eff_hits = of("efficiency_vs_phi_hits", 4 * 9 * 2),
         &chamber = of("by_chamber", 4 * 5 * 14 * 2), &eff_mass = of("efficiency_vs_mass", 4 * 102 * 2),
         &inside = of("inside_chambers", 4L * 5 * 14 * 44 * 16 * 2),
         &t0 = of("t0", 4 * 5 * 14 * 52), &t0_n = of("t0_profile", 4 * 5 * 14);
  std::vector<double> t0_sum = std::vector<double>(2 * 4 * 5 * 14);
};

const float max_eta[4] = {1.2f, 1.05f, 0.9f, 0.75f};

inline double invariant_mass(double pt1, double eta1, double phi1, double pt2, double eta2,
                             double phi2) {
  const double m2 = 0.106 * 0.106;
  double x1 = pt1 * cos(phi1), y1 = pt1 * sin(phi1), z1 = pt1 * sinh(eta1);
  double x2 = pt2 * cos(phi2), y2 = pt2 * sin(phi2), z2 = pt2 * sinh(eta2);
  double e = sqrt(x1 * x1 + y1 * y1 + z1 * z1 + m2) + sqrt(x2 * x2 + y2 * y2 + z2 * z2 + m2);
  double x = x1 + x2, y = y1 + y2, z = z1 + z2, s = e * e - (x * x + y * y + z * z);
  return copysign(sqrt(std::abs(s)), s);
}

inline double delta_r(double eta1, double phi1, double eta2, double phi2) {
  double deta = eta1 - eta2, dphi = phi1 - phi2;
  dphi -= 2 * M_PI * rint(dphi / (2 * M_PI));
  return sqrt(deta * deta + dphi * dphi);
}

void run(const std::string& file, Loop& loop) {
  ROOT::RDataFrame frame("Events", file);
  auto event = [&loop](
      unsigned run, const Vec<float>& pt, const Vec<float>& eta, const Vec<float>& phi,
      const Vec<int>& charge, const Vec<float>& iso04, const Vec<float>& trk_dz,
      const Vec<bool>& tight, const Vec<bool>& tracker, const Vec<bool>& is_rpc,
      const Vec<bool>& fires, const Vec<short>& algo, const Vec<short>& pixel,
      const Vec<short>& layers, const Vec<short>& rpc, const Vec<unsigned char>& mask,
      const Vec<unsigned>& begin, const Vec<unsigned>& end, const Vec<short>& m_wheel,
      const Vec<short>& m_sector, const Vec<short>& m_station, const Vec<float>& m_x,
      const Vec<float>& m_y, const Vec<float>& edge_x, const Vec<float>& edge_y,
      const Vec<short>& s_wheel, const Vec<short>& s_sector, const Vec<short>& s_station,
      const Vec<float>& s_x, const Vec<float>& s_y, const Vec<bool>& has_phi,
      const Vec<bool>& has_zed, const Vec<short>& phi_hits, const Vec<short>& z_hits,
      const Vec<float>& s_t0) {
    auto best = [&](int m) {
      const float x = int(m_x[m]), y = int(m_y[m]);  // as the reference does
      int found = -1, most = 0;
      for (int i = 0; i < int(s_x.size()); ++i) {
        if (s_station[i] != m_station[m] || s_sector[i] != m_sector[m] || s_wheel[i] != m_wheel[m])
          continue;
        int hits = (has_phi[i] ? phi_hits[i] : 0) + (has_zed[i] ? z_hits[i] : 0);
        if (hits <= most) continue;
        float dx = std::abs(x - s_x[i]), dy = std::abs(y - s_y[i]);
        if (float(sqrt(dx * dx + dy * dy)) < 999.f &&
            ((has_phi[i] && dx < 15.f) || (has_zed[i] && dy < 15.f)))
          found = i, most = hits;
      }
      return found;
    };
    for (int tag = 0; tag < int(pt.size()); ++tag) {
      if (!(tight[tag] && fires[tag] && iso04[tag] < 0.15f && pt[tag] > 27.f)) continue;
      for (int p = 0; p < int(pt.size()); ++p) {
        if (p == tag) continue;
        ++loop.pixel[ten(pixel[p])];
        ++loop.layers[thirty(layers[p])];
        ++loop.rpc[thirty(is_rpc[p] ? rpc[p] : 0)];
        ++loop.algo[algos(algo[p])];
        ++loop.reliso[iso(iso04[p])];
        if (!((tracker[p] || is_rpc[p]) && algo[p] != 14 && pixel[p] >= 1 && layers[p] >= 6 &&
              iso04[p] < 0.15f && pt[p] > 20.f))
          continue;
        float m = invariant_mass(pt[tag], eta[tag], phi[tag], pt[p], eta[p], phi[p]);
        float dr = delta_r(eta[tag], phi[tag], eta[p], phi[p]), dz_pair = trk_dz[tag] - trk_dz[p];
        ++loop.pair_mass[mass(m)];
        ++loop.pair_dz[dz(dz_pair)];
        ++loop.pair_dr[wide_pt(pt[p]) + 102 * all_dr(dr)];
        if (!(std::abs(dz_pair) < 1.f && charge[tag] * charge[p] == -1 && m > 81.f && m < 101.f &&
              dr > 0.3f))
          continue;
        ++loop.pairs;
        const int sign = charge[p] > 0;
        for (int s = 0; s < 4; ++s) {
          int other = 0;
          for (int bit = 0; bit < 8; ++bit) other += bit != s && (mask[p] >> bit & 1);
          ++loop.n_other[s + 4 * (eta96(eta[p]) + 98 * others(other))];
          const bool eligible = other >= 2 || rpc[p] >= 10, in_eta = std::abs(eta[p]) < max_eta[s];
          float nearest = 999.f, ndx = 0, ndy = 0;
          int nearest_segment = -1;
          for (unsigned k = begin[p]; k < end[p]; ++k) {
            if (m_station[k] != s + 1) continue;
            ++loop.crossings;
            if (!eligible) continue;
            const int found = best(k);
            float dx = 0, dy = 0;
            if (found >= 0) {
              dx = std::abs(m_x[k] - s_x[found]), dy = std::abs(m_y[k] - s_y[found]);
              float d = sqrt(dx * dx + dy * dy);
              if (d < nearest) nearest = d, ndx = dx, ndy = dy, nearest_segment = found;
            }
            if (!in_eta) continue;
            const bool passed = found >= 0 && has_phi[found];
            const int place = s + 4 * (m_wheel[k] + 2 + 5 * (m_sector[k] - 1));
            ++loop.inside[place + 280L * (local_x(m_x[k]) + 44 * (local_y(m_y[k]) + 16 * passed))];
            if (!(edge_x[k] < -15.f && edge_y[k] < -15.f)) continue;
            ++loop.chamber[place + 280 * passed];
            auto& of_run = loop.by_run[run];
            if (of_run.empty()) of_run.resize(560);
            ++of_run[place + 280 * passed];
            ++loop.eff_pt[s + 4 * (pt200(pt[p]) + 202 * passed)];
            ++loop.eff_mass[s + 4 * (mass(m) + 102 * passed)];
            ++loop.eff_hits[s + 4 * ((passed ? std::min<int>(phi_hits[found], 8) : 0) + 9 * passed)];
            if (passed) {
              ++loop.t0[place + 280 * t0_bins(s_t0[found])];
              if (std::abs(s_t0[found]) <= 12.5f) {
                ++loop.t0_n[place];
                loop.t0_sum[place] += s_t0[found];
                loop.t0_sum[280 + place] += double(s_t0[found]) * s_t0[found];
              }
            }
          }
          if (!eligible) continue;
          const bool passed = nearest_segment >= 0 && has_phi[nearest_segment];
          ++loop.acc_eta[s + 4 * (eta48(eta[p]) + 50 * passed)];
          ++loop.acc_map[s + 4 * (sign + 2 * (phi96(phi[p]) + 98 * (map_eta(eta[p]) + 98 * passed)))];
          if (!in_eta) continue;
          ++loop.pt[s + 4 * pt200(pt[p])];
          ++loop.eta[s + 4 * eta56(eta[p])];
          ++loop.phi[s + 4 * phi180(phi[p])];
          ++loop.acc_phi[s + 4 * (sign + 2 * (phi96(phi[p]) + 98 * passed))];
          ++loop.acc_pt[s + 4 * (pt200(pt[p]) + 202 * passed)];
          if (!passed) continue;
          ++loop.res_dr[s + 4 * (pt200(pt[p]) + 202 * small_dr(nearest))];
          ++loop.res_dx[s + 4 * (pt200(pt[p]) + 202 * fifty(ndx))];
          ++loop.res_dy[s + 4 * (pt200(pt[p]) + 202 * fifty(ndy))];
        }
        break;
      }
    }
  };
  frame.Foreach(event, {
      "run", "muon_pt", "muon_eta", "muon_phi", "muon_charge", "muon_pfIso04", "muon_trk_dz",
      "muon_isTight", "muon_isTracker", "muon_isRPC", "muon_firesIsoTrig", "muon_trk_origAlgo",
      "muon_trk_numberOfValidPixelHits", "muon_trk_numberOfValidTrackerLayers",
      "muon_rpcMu_numberOfMatchedRPCLayers", "muon_trkMu_stationMask", "muon_matches_begin",
      "muon_matches_end", "muon_matches_wheel", "muon_matches_sector", "muon_matches_station",
      "muon_matches_x", "muon_matches_y", "muon_matches_edgeX", "muon_matches_edgeY",
      "dtSegment_wheel", "dtSegment_sector", "dtSegment_station", "dtSegment_seg4D_posLoc_x",
      "dtSegment_seg4D_posLoc_y", "dtSegment_seg4D_hasPhi", "dtSegment_seg4D_hasZed",
      "dtSegment_seg2D_phi_nHits", "dtSegment_seg2D_z_nHits", "dtSegment_seg2D_phi_t0"});
}

}  // namespace tnp
