"""What a run gives: histograms with their ledger, saved, summed, shown and exported."""
