variable "region" {
  description = "AWS region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region is a code such as ap-south-1."
  }
}

variable "cluster_name" {
  description = "Name of the EKS cluster; the names of its roles begin with it."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,39}$", var.cluster_name))
    error_message = "The cluster's name has at most 40 letters, digits, hyphens and underscores: a role's name has 64."
  }
}

variable "kubernetes_version" {
  description = "Minor version of the control plane and the managed nodes."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "The version is a minor one, such as 1.35."
  }
}

variable "availability_zone_ids" {
  description = "Zones by id, which are the same in every account: aps1-az1, not ap-south-1a."
  type        = list(string)

  validation {
    condition     = length(var.availability_zone_ids) >= 2 && length(var.availability_zone_ids) <= 6
    error_message = "EKS wants subnets in at least two zones; the address range has room for six."
  }

  validation {
    condition     = length(distinct(var.availability_zone_ids)) == length(var.availability_zone_ids)
    error_message = "A zone is listed twice."
  }
}

variable "vpc_cidr" {
  description = "Address range of the VPC. Not simulated."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]) <= 20, false)
    error_message = "The range is in CIDR notation and a /20 or larger."
  }
}

variable "private_subnet_tags" {
  description = "Further tags of the subnets of nodes, by which they are found."
  type        = map(string)
  default     = {}
}

variable "node_groups" {
  description = "Managed node groups by name, with the numbers that were simulated."
  type = map(object({
    ami_type       = string
    capacity_type  = string
    instance_types = list(string)
    min_size       = number
    desired_size   = number
    max_size       = number
    disk_size      = number
    labels         = map(string)
    taints = list(object({
      key    = string
      value  = string
      effect = string
    }))
    update_config = object({
      max_unavailable            = optional(number)
      max_unavailable_percentage = optional(number)
      update_strategy            = string
    })
  }))

  validation {
    condition = alltrue([
      for group in var.node_groups : group.min_size <= group.desired_size && group.desired_size <= group.max_size && group.max_size >= 1
    ])
    error_message = "min_size is at most desired_size, desired_size at most max_size, and max_size at least 1."
  }

  validation {
    condition     = alltrue([for group in var.node_groups : contains(["ON_DEMAND", "SPOT"], group.capacity_type)])
    error_message = "capacity_type is ON_DEMAND or SPOT."
  }

  validation {
    condition     = alltrue([for group in var.node_groups : can(regex("^(AL2|AL2023|BOTTLEROCKET|WINDOWS)_[A-Za-z0-9_]+$", group.ami_type))])
    error_message = "ami_type is one that EKS knows, such as AL2023_ARM_64_STANDARD. One's own images are not exported."
  }

  validation {
    condition     = alltrue([for group in var.node_groups : length(group.instance_types) >= 1 && group.disk_size >= 1])
    error_message = "A group has at least one instance type and a disk."
  }

  validation {
    condition = alltrue(flatten([
      for group in var.node_groups : [for taint in group.taints : contains(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"], taint.effect)]
    ]))
    error_message = "A taint's effect is NO_SCHEDULE, NO_EXECUTE or PREFER_NO_SCHEDULE: EKS spells it otherwise than Kubernetes."
  }
}

variable "addons" {
  description = "EKS add-ons besides the three that nodes need before they are Ready."
  type        = set(string)

  validation {
    condition     = contains(var.addons, "coredns")
    error_message = "Pods find no service without coredns."
  }
}

# Only an account can ask which versions there are (aws eks describe-addon-versions). These are from public records of clusters: the first
# four are what a cluster of 1.36 resolved to in September 2026, the other two were deployed at that time.
variable "addon_versions" {
  description = "Versions of add-ons by release of Kubernetes and name. EKS takes its default where there is none."
  type        = map(map(string))
  default = {
    "1.36" = {
      coredns                = "v1.14.3-eksbuild.16"
      eks-pod-identity-agent = "v1.3.10-eksbuild.3"
      kube-proxy             = "v1.36.0-eksbuild.21"
      vpc-cni                = "v1.22.4-eksbuild.3"
      aws-ebs-csi-driver     = "v1.63.1-eksbuild.1"
      metrics-server         = "v0.9.0-eksbuild.9"
    }
  }

  validation {
    condition     = alltrue(flatten([for versions in values(var.addon_versions) : [for version in values(versions) : can(regex("^v[0-9.]+-eksbuild\\.[0-9]+$", version))]]))
    error_message = "The version of an add-on reads like v1.14.3-eksbuild.16."
  }
}

variable "namespaces" {
  description = "Namespaces by name."
  type = map(object({
    labels      = map(string)
    annotations = map(string)
  }))
}

variable "service_accounts" {
  description = "Service accounts by namespace/name; each gets a role and its pod identity association."
  type = map(object({
    namespace       = string
    name            = string
    labels          = map(string)
    annotations     = map(string)
    automount_token = bool
  }))

  validation {
    condition     = alltrue([for key, account in var.service_accounts : key == "${account.namespace}/${account.name}"])
    error_message = "A service account's key is its namespace, a slash and its name."
  }
}

variable "images" {
  description = "What to run instead of an image of helm/values/workloads.yaml, by the name the scenario has for it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("(@sha256:[0-9a-f]{64}|:[^/:]+)$", image)) && !endswith(image, ":latest")])
    error_message = "An image is named with a tag other than latest, or with a digest."
  }
}

variable "admin_principal_arns" {
  description = "ARNs of roles or users who administer the cluster besides whoever applies this."
  type        = set(string)
  default     = []
}

variable "endpoint_public_access_cidrs" {
  description = "From where the API server may be reached over the internet. Narrow it to where Terraform runs."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "log_types" {
  description = "Logs of the control plane."
  type        = set(string)
  default     = ["api", "audit", "authenticator"]

  validation {
    condition     = length(setsubtract(var.log_types, ["api", "audit", "authenticator", "controllerManager", "scheduler"])) == 0
    error_message = "The control plane has the logs api, audit, authenticator, controllerManager and scheduler."
  }
}

variable "log_retention_days" {
  description = "Days after which logs are deleted."
  type        = number
  default     = 90
}

variable "deletion_protection" {
  description = "Whether the cluster refuses to be deleted."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of everything that can have tags."
  type        = map(string)
  default     = {}
}
