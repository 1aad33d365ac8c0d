# What the owner may set, in terraform.tfvars (Make makes it from the example). Nothing here costs anything.

variable "alert_email" {
  description = "Where messages go: machines stopped for idleness, stops that failed, the budget."
  type        = string

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alert_email))
    error_message = "alert_email must be an e-mail address."
  }
}

variable "monthly_budget_usd" {
  description = "US dollars a month past which a message is sent."
  type        = number
  default     = 300
}

variable "persistent_roots" {
  description = "The root volume that is a machine's for ever, and its Elastic IP. The first apply records them here by itself."
  type        = map(object({ volume = string, address = optional(string) }))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.persistent_roots), ["jumpbox", "fcvm-metal-arm", "fcvm-metal-x86"])) == 0
    error_message = "persistent_roots knows the machines jumpbox, fcvm-metal-arm and fcvm-metal-x86 only."
  }

  validation {
    condition     = alltrue([for root in values(var.persistent_roots) : can(regex("^vol-[0-9a-f]+$", root.volume))])
    error_message = "Each volume in persistent_roots must be a volume ID, such as vol-0123456789abcdef0."
  }

  validation {
    condition     = alltrue([for root in values(var.persistent_roots) : root.address == null || can(regex("^eipalloc-[0-9a-f]+$", root.address))])
    error_message = "Each address in persistent_roots must be an allocation ID, such as eipalloc-0123456789abcdef0."
  }
}

variable "ssh_public_key" {
  description = "The public half of ~/.ssh/fcvm-ec2, in OpenSSH's form. Make passes it on every run."
  type        = string
}

variable "adopt" {
  description = "What the account has already and the state does not: by resource, each instance's key and import ID. Make looks, and passes it (adopt.tf)."
  type        = map(map(string))
  default     = {}
}
