# Until it runs on a node, the node offers no GPU.
resource "helm_release" "nvidia_device_plugin" {
  name       = "nvidia-device-plugin"
  namespace  = "kube-system"
  repository = "https://nvidia.github.io/k8s-device-plugin"
  chart      = "nvidia-device-plugin"
  version    = var.nvidia_device_plugin_version
  values     = [file("${path.module}/../helm/values/nvidia-device-plugin.yaml")]

  depends_on = [aws_eks_node_group.this]
}
