# The AWS Load Balancer Controller makes a load balancer of every Ingress.
resource "aws_iam_role" "load_balancer_controller" {
  name               = "${var.cluster_name}-load-balancers"
  assume_role_policy = local.pod_identity_trust
}

resource "aws_eks_pod_identity_association" "load_balancer_controller" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "kube-system"
  service_account = "aws-load-balancer-controller"
  role_arn        = aws_iam_role.load_balancer_controller.arn
}

# As the controller's documentation has it for v3.5, without Cognito, WAF and Shield, which no Ingress here uses.
resource "aws_iam_role_policy" "load_balancer_controller" {
  name = "load-balancers"
  role = aws_iam_role.load_balancer_controller.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ServiceLinkedRole"
        Effect    = "Allow"
        Action    = "iam:CreateServiceLinkedRole"
        Resource  = "arn:${local.partition}:iam::${local.account_id}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"
        Condition = { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
      },
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "acm:DescribeCertificate",
          "acm:ListCertificates",
          "ec2:DescribeAccountAttributes",
          "ec2:DescribeAddresses",
          "ec2:DescribeAvailabilityZones",
          "ec2:DescribeInstances",
          "ec2:DescribeInternetGateways",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeRouteTables",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeTags",
          "ec2:DescribeVpcPeeringConnections",
          "ec2:DescribeVpcs",
          "ec2:GetSecurityGroupsForVpc",
          "elasticloadbalancing:DescribeCapacityReservation",
          "elasticloadbalancing:DescribeListenerAttributes",
          "elasticloadbalancing:DescribeListenerCertificates",
          "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeLoadBalancerAttributes",
          "elasticloadbalancing:DescribeLoadBalancers",
          "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeSSLPolicies",
          "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetGroupAttributes",
          "elasticloadbalancing:DescribeTargetGroups",
          "elasticloadbalancing:DescribeTargetHealth",
          "elasticloadbalancing:DescribeTrustStores",
        ]
        Resource = "*"
      },
      {
        Sid      = "SecurityGroupRules"
        Effect   = "Allow"
        Action   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
        Resource = "arn:${local.partition}:ec2:${var.region}:${local.account_id}:security-group/*"
      },
      {
        Sid    = "NewSecurityGroup"
        Effect = "Allow"
        Action = "ec2:CreateSecurityGroup"
        Resource = [
          "arn:${local.partition}:ec2:${var.region}:${local.account_id}:security-group/*",
          "arn:${local.partition}:ec2:${var.region}:${local.account_id}:vpc/*",
        ]
      },
      {
        Sid      = "TagNewSecurityGroup"
        Effect   = "Allow"
        Action   = "ec2:CreateTags"
        Resource = "arn:${local.partition}:ec2:${var.region}:${local.account_id}:security-group/*"
        Condition = {
          StringEquals = { "ec2:CreateAction" = "CreateSecurityGroup" }
          Null         = { "aws:RequestTag/elbv2.k8s.aws/cluster" = "false" }
        }
      },
      {
        Sid      = "TagOwnSecurityGroup"
        Effect   = "Allow"
        Action   = ["ec2:CreateTags", "ec2:DeleteTags"]
        Resource = "arn:${local.partition}:ec2:${var.region}:${local.account_id}:security-group/*"
        Condition = {
          Null = {
            "aws:RequestTag/elbv2.k8s.aws/cluster"  = "true"
            "aws:ResourceTag/elbv2.k8s.aws/cluster" = "false"
          }
        }
      },
      {
        Sid       = "DeleteOwnSecurityGroup"
        Effect    = "Allow"
        Action    = "ec2:DeleteSecurityGroup"
        Resource  = "arn:${local.partition}:ec2:${var.region}:${local.account_id}:security-group/*"
        Condition = { Null = { "aws:ResourceTag/elbv2.k8s.aws/cluster" = "false" } }
      },
      {
        Sid       = "Create"
        Effect    = "Allow"
        Action    = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
        Resource  = "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:*"
        Condition = { Null = { "aws:RequestTag/elbv2.k8s.aws/cluster" = "false" } }
      },
      {
        Sid    = "Listeners"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:AddListenerCertificates",
          "elasticloadbalancing:CreateListener",
          "elasticloadbalancing:CreateRule",
          "elasticloadbalancing:DeleteListener",
          "elasticloadbalancing:DeleteRule",
          "elasticloadbalancing:ModifyListener",
          "elasticloadbalancing:ModifyRule",
          "elasticloadbalancing:RemoveListenerCertificates",
          "elasticloadbalancing:SetRulePriorities",
        ]
        Resource = "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:*"
      },
      {
        Sid    = "TagNew"
        Effect = "Allow"
        Action = "elasticloadbalancing:AddTags"
        Resource = [
          "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:loadbalancer/app/*/*",
          "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:targetgroup/*/*",
        ]
        Condition = {
          StringEquals = { "elasticloadbalancing:CreateAction" = ["CreateLoadBalancer", "CreateTargetGroup"] }
          Null         = { "aws:RequestTag/elbv2.k8s.aws/cluster" = "false" }
        }
      },
      {
        Sid    = "TagOwn"
        Effect = "Allow"
        Action = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
        Resource = [
          "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:loadbalancer/app/*/*",
          "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:targetgroup/*/*",
        ]
        Condition = {
          Null = {
            "aws:RequestTag/elbv2.k8s.aws/cluster"  = "true"
            "aws:ResourceTag/elbv2.k8s.aws/cluster" = "false"
          }
        }
      },
      {
        Sid    = "TagListeners"
        Effect = "Allow"
        Action = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
        Resource = [
          "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:listener-rule/app/*/*/*",
          "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:listener/app/*/*/*",
        ]
      },
      {
        Sid    = "ChangeOwn"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:DeleteLoadBalancer",
          "elasticloadbalancing:DeleteTargetGroup",
          "elasticloadbalancing:ModifyCapacityReservation",
          "elasticloadbalancing:ModifyListenerAttributes",
          "elasticloadbalancing:ModifyLoadBalancerAttributes",
          "elasticloadbalancing:ModifyTargetGroup",
          "elasticloadbalancing:ModifyTargetGroupAttributes",
          "elasticloadbalancing:SetIpAddressType",
          "elasticloadbalancing:SetSecurityGroups",
          "elasticloadbalancing:SetSubnets",
        ]
        Resource  = "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:*"
        Condition = { Null = { "aws:ResourceTag/elbv2.k8s.aws/cluster" = "false" } }
      },
      {
        Sid      = "Targets"
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
        Resource = "arn:${local.partition}:elasticloadbalancing:${var.region}:${local.account_id}:targetgroup/*/*"
      },
    ]
  })
}

resource "helm_release" "load_balancer_controller" {
  name       = "aws-load-balancer-controller"
  namespace  = "kube-system"
  repository = "https://aws.github.io/eks-charts"
  chart      = "aws-load-balancer-controller"
  version    = var.load_balancer_controller_version
  wait       = true

  values = [
    yamlencode({
      clusterName  = aws_eks_cluster.this.name
      region       = var.region
      vpcId        = aws_vpc.this.id
      enableShield = false
      enableWaf    = false
      enableWafv2  = false
      serviceAccount = {
        create = true
        name   = "aws-load-balancer-controller"
      }
    }),
  ]

  # Its webhook must not outlive its nodes, nor its rights the load balancers it has to remove.
  depends_on = [
    aws_eks_addon.on_nodes,
    aws_eks_node_group.this,
    aws_eks_pod_identity_association.load_balancer_controller,
    aws_iam_role_policy.load_balancer_controller,
    aws_route.internet,
    aws_route_table_association.public,
  ]
}
