variable "karpenter_version" {
  description = "Version of Karpenter's charts."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+$", var.karpenter_version))
    error_message = "The version has three numbers, such as 1.14.1, and no v in front: the charts' registry has none."
  }
}

variable "karpenter_node_role_names" {
  description = "Names of the roles of nodes, as the EC2NodeClasses write them."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.karpenter_node_role_names : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", name))])
    error_message = "A role is named by its name, not by its ARN, and has at most 64 characters."
  }
}

variable "cluster_security_group_tags" {
  description = "Tags by which the EC2NodeClasses find the security group of the nodes."
  type        = map(string)
}
