# Logs of the pods, sent by Fluent Bit on every node.
resource "aws_cloudwatch_log_group" "pods" {
  name              = "/aws/eks/${var.cluster_name}/pods"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "fluent_bit" {
  name               = "${var.cluster_name}-logs"
  assume_role_policy = local.pod_identity_trust
}

resource "aws_iam_role_policy" "fluent_bit" {
  name = "pod-logs"
  role = aws_iam_role.fluent_bit.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.pods.arn}:*"
      }
    ]
  })
}

resource "aws_eks_pod_identity_association" "fluent_bit" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "kube-system"
  service_account = "aws-for-fluent-bit"
  role_arn        = aws_iam_role.fluent_bit.arn
}

resource "helm_release" "fluent_bit" {
  name       = "aws-for-fluent-bit"
  namespace  = "kube-system"
  repository = "https://aws.github.io/eks-charts"
  chart      = "aws-for-fluent-bit"
  version    = var.fluent_bit_version

  values = [
    file("${path.module}/../helm/values/aws-for-fluent-bit.yaml"),
    yamlencode({
      cloudWatchLogs = {
        region          = var.region
        logGroupName    = aws_cloudwatch_log_group.pods.name
        autoCreateGroup = false
      }
      serviceAccount = {
        create = true
        name   = "aws-for-fluent-bit"
      }
    }),
  ]

  depends_on = [
    aws_eks_node_group.this,
    aws_eks_pod_identity_association.fluent_bit,
    aws_iam_role_policy.fluent_bit,
  ]
}
