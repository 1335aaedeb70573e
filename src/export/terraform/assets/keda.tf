# KEDA asks the queues how long they are, in the name of its operator.
resource "kubernetes_namespace_v1" "keda" {
  metadata {
    name = "keda"
  }

  depends_on = [aws_eks_node_group.this]
}

resource "aws_iam_role" "keda" {
  name               = "${var.cluster_name}-keda"
  assume_role_policy = local.pod_identity_trust
}

resource "aws_eks_pod_identity_association" "keda" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = kubernetes_namespace_v1.keda.metadata[0].name
  service_account = "keda-operator"
  role_arn        = aws_iam_role.keda.arn
}

resource "helm_release" "keda" {
  name       = "keda"
  namespace  = kubernetes_namespace_v1.keda.metadata[0].name
  repository = "https://kedacore.github.io/charts"
  chart      = "keda"
  version    = var.keda_version
  wait       = true

  depends_on = [
    aws_eks_addon.on_nodes,
    aws_eks_node_group.this,
    aws_eks_pod_identity_association.keda,
  ]
}
