# The role of the nodes that Karpenter makes, under the name that the EC2NodeClasses have for it.
resource "aws_iam_role" "karpenter_node" {
  for_each = var.karpenter_node_role_names

  name               = each.key
  assume_role_policy = local.ec2_trust
}

resource "aws_iam_role_policy_attachment" "karpenter_node" {
  for_each = { for pair in setproduct(var.karpenter_node_role_names, local.node_policies) : "${pair[0]}/${pair[1]}" => pair }

  role       = aws_iam_role.karpenter_node[each.value[0]].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.value[1]}"
}

resource "aws_eks_access_entry" "karpenter_node" {
  for_each = var.karpenter_node_role_names

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_iam_role.karpenter_node[each.key].arn
  type          = "EC2_LINUX"
}

# By this the EC2NodeClasses find the security group of the nodes. One group may have it, no more.
resource "aws_ec2_tag" "cluster_security_group" {
  for_each = var.cluster_security_group_tags

  resource_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  key         = each.key
  value       = each.value
}

resource "aws_iam_role" "karpenter" {
  name               = "${var.cluster_name}-karpenter"
  assume_role_policy = local.pod_identity_trust
}

resource "aws_eks_pod_identity_association" "karpenter" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "kube-system"
  service_account = "karpenter"
  role_arn        = aws_iam_role.karpenter.arn
}

resource "aws_iam_policy" "karpenter" {
  for_each = local.karpenter_policies

  name   = "${var.cluster_name}-karpenter-${each.key}"
  policy = each.value
}

resource "aws_iam_role_policy_attachment" "karpenter" {
  for_each = local.karpenter_policies

  role       = aws_iam_role.karpenter.name
  policy_arn = aws_iam_policy.karpenter[each.key].arn
}

# The CRDs have a chart of their own: Helm installs the ones inside a chart, and never upgrades them.
resource "helm_release" "karpenter_crd" {
  name       = "karpenter-crd"
  namespace  = "kube-system"
  repository = "oci://public.ecr.aws/karpenter"
  chart      = "karpenter-crd"
  version    = var.karpenter_version
  wait       = true

  depends_on = [aws_eks_node_group.this]
}

resource "helm_release" "karpenter" {
  name       = "karpenter"
  namespace  = "kube-system"
  repository = "oci://public.ecr.aws/karpenter"
  chart      = "karpenter"
  version    = var.karpenter_version
  skip_crds  = true
  wait       = true

  values = [
    file("${path.module}/../helm/values/karpenter.yaml"),
    yamlencode({
      settings = merge(
        {
          clusterName     = aws_eks_cluster.this.name
          clusterEndpoint = aws_eks_cluster.this.endpoint
        },
        local.karpenter_interruption_settings,
      )
    }),
  ]

  depends_on = [
    aws_ec2_tag.cluster_security_group,
    aws_eks_access_entry.karpenter_node,
    aws_eks_node_group.this,
    aws_eks_pod_identity_association.karpenter,
    aws_iam_role_policy_attachment.karpenter,
    aws_iam_role_policy_attachment.karpenter_node,
    helm_release.karpenter_crd,
  ]
}

# NodePools and EC2NodeClasses, as they were simulated.
resource "helm_release" "karpenter_resources" {
  name      = "karpenter-resources"
  namespace = "kube-system"
  chart     = "${path.module}/../helm/charts/karpenter-resources"
  values    = [file("${path.module}/../helm/values/karpenter-resources.yaml")]

  depends_on = [helm_release.karpenter]
}
