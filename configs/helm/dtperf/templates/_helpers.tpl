{{- define "dtperf.labels" -}}
app.kubernetes.io/name: dtperf
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "dtperf.hubNamespace" -}}
{{ .Values.jupyterhub.namespace | default .Release.Namespace }}
{{- end }}

{{/* All who may start workers, as subjects of a binding. */}}
{{- define "dtperf.subjects" -}}
{{- $found := list }}
{{- range .Values.users }}
{{- if eq .kind "ServiceAccount" }}
{{- $found = append $found (dict "kind" .kind "name" .name "namespace" (.namespace | default $.Release.Namespace)) }}
{{- else }}
{{- $found = append $found (dict "kind" .kind "name" .name "apiGroup" "rbac.authorization.k8s.io") }}
{{- end }}
{{- end }}
{{- if .Values.serviceAccount.create }}
{{- $own := dict "kind" "ServiceAccount" "name" .Values.serviceAccount.name }}
{{- $found = append $found (merge (dict "namespace" .Release.Namespace) $own) }}
{{- if and .Values.jupyterhub.enabled (ne (include "dtperf.hubNamespace" .) .Release.Namespace) }}
{{- $found = append $found (merge (dict "namespace" (include "dtperf.hubNamespace" .)) $own) }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* The port that the outside sees. */}}
{{- define "dtperf.outsidePort" -}}
{{- if eq .Values.address.type "NodePort" }}
{{- required "address.nodePort: is needed with type: NodePort, from 30000 to 32767: another one would be another address each time" .Values.address.nodePort }}
{{- else }}
{{- .Values.address.port }}
{{- end }}
{{- end }}

{{/* The file that users give to --cluster. */}}
{{- define "dtperf.cluster" -}}
{{- $file := deepCopy .Values.cluster }}
{{- $_ := set $file "kind" (ternary "interlink" "kubernetes" (hasKey $file "node")) }}
{{- $_ := set $file "namespace" .Release.Namespace }}
{{- $image := required "image: is needed: that of scheduler, workers and client, such as registry.example/group/dtperf:1.0" .Values.image }}
{{- $_ := set $file "image" $image }}
{{- with .Values.secrets.proxy }}{{ $_ := set $file "proxy_secret" . }}{{ end }}
{{- with .Values.secrets.pull }}{{ $_ := set $file "pull_secret" . }}{{ end }}
{{- $service := dict "type" "ClusterIP" }}
{{- $port := include "dtperf.outsidePort" . }}
{{- with .Values.address.host }}{{ $_ := set $service "external_address" (printf "tls://%s:%s" . $port) }}{{ end }}
{{- $_ := set $file "service" $service }}
{{- toYaml $file }}
{{- end }}
