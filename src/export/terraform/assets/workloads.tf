# Terraform owns namespaces, service accounts and what their pods may do in AWS; the charts own everything that runs.
resource "kubernetes_namespace_v1" "this" {
  for_each = var.namespaces

  metadata {
    name        = each.key
    labels      = each.value.labels
    annotations = each.value.annotations
  }

  depends_on = [aws_eks_node_group.this]
}

resource "kubernetes_service_account_v1" "this" {
  for_each = var.service_accounts

  metadata {
    name        = each.value.name
    namespace   = each.value.namespace
    labels      = each.value.labels
    annotations = each.value.annotations
  }

  automount_service_account_token = each.value.automount_token

  depends_on = [kubernetes_namespace_v1.this]
}

# A role for every service account. What a service needs of AWS is attached to its own and to no other.
resource "aws_iam_role" "service" {
  for_each = var.service_accounts

  name_prefix        = substr("${var.cluster_name}-${each.value.name}-", 0, 38)
  description        = "Pods of ${each.key} in ${var.cluster_name}"
  assume_role_policy = local.pod_identity_trust
}

resource "aws_eks_pod_identity_association" "service" {
  for_each = var.service_accounts

  cluster_name    = aws_eks_cluster.this.name
  namespace       = each.value.namespace
  service_account = kubernetes_service_account_v1.this[each.key].metadata[0].name
  role_arn        = aws_iam_role.service[each.key].arn
}
