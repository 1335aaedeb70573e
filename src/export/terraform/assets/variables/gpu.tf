variable "nvidia_device_plugin_version" {
  description = "Version of the chart nvidia-device-plugin."
  type        = string
  default     = "0.19.3"
}
