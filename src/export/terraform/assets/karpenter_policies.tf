# What the controller may do, as Karpenter's own CloudFormation template for v1.14 has it, split as it is there: one document would be longer
# than IAM takes. Everything the controller makes carries the tag of the cluster, and it may touch nothing that does not.
locals {
  karpenter_arns = {
    ec2     = "arn:${local.partition}:ec2:${var.region}"
    cluster = "arn:${local.partition}:eks:${var.region}:${local.account_id}:cluster/${var.cluster_name}"
    profile = "arn:${local.partition}:iam::${local.account_id}:instance-profile/*"
    role    = "arn:${local.partition}:iam::${local.account_id}:role"
  }

  karpenter_owner_tag = "kubernetes.io/cluster/${var.cluster_name}"

  karpenter_makes = [
    for kind in ["fleet", "instance", "launch-template", "network-interface", "spot-instances-request", "volume"] :
    "${local.karpenter_arns.ec2}:*:${kind}/*"
  ]

  karpenter_own_resource = {
    StringEquals = { "aws:ResourceTag/${local.karpenter_owner_tag}" = "owned" }
    StringLike   = { "aws:ResourceTag/karpenter.sh/nodepool" = "*" }
  }

  karpenter_own_profile = {
    StringEquals = {
      "aws:ResourceTag/${local.karpenter_owner_tag}"  = "owned"
      "aws:ResourceTag/topology.kubernetes.io/region" = var.region
    }
    StringLike = { "aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass" = "*" }
  }

  karpenter_policies = {
    for name, statements in local.karpenter_statements : name => jsonencode({ Version = "2012-10-17", Statement = statements })
  }

  karpenter_statements = {
    nodes       = local.karpenter_node_statements
    profiles    = local.karpenter_profile_statements
    discovery   = local.karpenter_discovery_statements
    cluster     = local.karpenter_cluster_statements
    zonal-shift = local.karpenter_zonal_shift_statements
  }

  karpenter_node_statements = [
    {
      Sid    = "LaunchFrom"
      Effect = "Allow"
      Action = ["ec2:CreateFleet", "ec2:RunInstances"]
      Resource = [
        "${local.karpenter_arns.ec2}::image/*",
        "${local.karpenter_arns.ec2}::snapshot/*",
        "${local.karpenter_arns.ec2}:*:capacity-reservation/*",
        "${local.karpenter_arns.ec2}:*:placement-group/*",
        "${local.karpenter_arns.ec2}:*:security-group/*",
        "${local.karpenter_arns.ec2}:*:subnet/*",
      ]
    },
    {
      Sid       = "LaunchFromOwnTemplate"
      Effect    = "Allow"
      Action    = ["ec2:CreateFleet", "ec2:RunInstances"]
      Resource  = "${local.karpenter_arns.ec2}:*:launch-template/*"
      Condition = local.karpenter_own_resource
    },
    {
      Sid      = "LaunchTagged"
      Effect   = "Allow"
      Action   = ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"]
      Resource = local.karpenter_makes
      Condition = {
        StringEquals = {
          "aws:RequestTag/${local.karpenter_owner_tag}" = "owned"
          "aws:RequestTag/eks:eks-cluster-name"         = var.cluster_name
        }
        StringLike = { "aws:RequestTag/karpenter.sh/nodepool" = "*" }
      }
    },
    {
      Sid      = "TagWhileLaunching"
      Effect   = "Allow"
      Action   = "ec2:CreateTags"
      Resource = local.karpenter_makes
      Condition = {
        StringEquals = {
          "aws:RequestTag/${local.karpenter_owner_tag}" = "owned"
          "aws:RequestTag/eks:eks-cluster-name"         = var.cluster_name
          "ec2:CreateAction"                            = ["CreateFleet", "CreateLaunchTemplate", "RunInstances"]
        }
        StringLike = { "aws:RequestTag/karpenter.sh/nodepool" = "*" }
      }
    },
    {
      Sid      = "TagOwnInstances"
      Effect   = "Allow"
      Action   = "ec2:CreateTags"
      Resource = "${local.karpenter_arns.ec2}:*:instance/*"
      Condition = merge(local.karpenter_own_resource, {
        StringEqualsIfExists        = { "aws:RequestTag/eks:eks-cluster-name" = var.cluster_name }
        "ForAllValues:StringEquals" = { "aws:TagKeys" = ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"] }
      })
    },
    {
      Sid       = "DeleteOwn"
      Effect    = "Allow"
      Action    = ["ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"]
      Resource  = ["${local.karpenter_arns.ec2}:*:instance/*", "${local.karpenter_arns.ec2}:*:launch-template/*"]
      Condition = local.karpenter_own_resource
    },
  ]

  karpenter_profile_statements = [
    {
      Sid       = "PassNodeRoles"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = [for name in var.karpenter_node_role_names : "${local.karpenter_arns.role}/${name}"]
      Condition = { StringEquals = { "iam:PassedToService" = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] } }
    },
    {
      Sid      = "CreateProfile"
      Effect   = "Allow"
      Action   = "iam:CreateInstanceProfile"
      Resource = local.karpenter_arns.profile
      Condition = {
        StringEquals = {
          "aws:RequestTag/${local.karpenter_owner_tag}"  = "owned"
          "aws:RequestTag/eks:eks-cluster-name"          = var.cluster_name
          "aws:RequestTag/topology.kubernetes.io/region" = var.region
        }
        StringLike = { "aws:RequestTag/karpenter.k8s.aws/ec2nodeclass" = "*" }
      }
    },
    {
      Sid      = "TagOwnProfile"
      Effect   = "Allow"
      Action   = "iam:TagInstanceProfile"
      Resource = local.karpenter_arns.profile
      Condition = {
        StringEquals = merge(local.karpenter_own_profile.StringEquals, {
          "aws:RequestTag/${local.karpenter_owner_tag}"  = "owned"
          "aws:RequestTag/eks:eks-cluster-name"          = var.cluster_name
          "aws:RequestTag/topology.kubernetes.io/region" = var.region
        })
        StringLike = merge(local.karpenter_own_profile.StringLike, { "aws:RequestTag/karpenter.k8s.aws/ec2nodeclass" = "*" })
      }
    },
    {
      Sid    = "ChangeOwnProfile"
      Effect = "Allow"
      Action = [
        "iam:AddRoleToInstanceProfile",
        "iam:DeleteInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile",
      ]
      Resource  = local.karpenter_arns.profile
      Condition = local.karpenter_own_profile
    },
  ]

  karpenter_discovery_statements = [
    {
      Sid    = "LookInRegion"
      Effect = "Allow"
      Action = [
        "ec2:DescribeCapacityReservations",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribePlacementGroups",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSpotPriceHistory",
        "ec2:DescribeSubnets",
      ]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
    },
    {
      Sid      = "LookUpImages"
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = "arn:${local.partition}:ssm:${var.region}::parameter/aws/service/*"
    },
    {
      Sid      = "LookUpPrices"
      Effect   = "Allow"
      Action   = "pricing:GetProducts"
      Resource = "*"
    },
    {
      Sid      = "ListProfiles"
      Effect   = "Allow"
      Action   = "iam:ListInstanceProfiles"
      Resource = "*"
    },
    {
      Sid      = "LookAtProfiles"
      Effect   = "Allow"
      Action   = "iam:GetInstanceProfile"
      Resource = local.karpenter_arns.profile
    },
  ]

  karpenter_cluster_statements = [
    {
      Sid      = "FindApiServer"
      Effect   = "Allow"
      Action   = "eks:DescribeCluster"
      Resource = local.karpenter_arns.cluster
    },
  ]

  karpenter_zonal_shift_statements = [
    {
      Sid       = "LookAtZonalShift"
      Effect    = "Allow"
      Action    = "arc-zonal-shift:GetManagedResource"
      Resource  = "*"
      Condition = { StringEquals = { "arc-zonal-shift:ResourceIdentifier" = local.karpenter_arns.cluster } }
    },
  ]
}
