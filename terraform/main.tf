# This folder: every AWS resource, one file a subject. Not here: starting, stopping and swapping, which the cockpit does.
# The frame: versions, state, region, network, key, messages and budget. All of it is free.

terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.7"
    }
  }

  # Laptop and jumpbox share one truth. `make init` says which bucket, from the account's number.
  backend "s3" {
    key          = "snowglobe/terraform.tfstate"
    region       = "us-west-1"
    encrypt      = true
    use_lockfile = true
  }
}

# No default_tags: the provider would want them on root volumes too, the persistent ones among them.
provider "aws" {
  region = "us-west-1"

  # EC2 says that it has no such machine as a fault of its own, which is tried 25 times otherwise: most of an hour.
  max_retries = 6
}

data "aws_caller_identity" "current" {}

# Without a filter on state, or an AZ in trouble would have its subnet planned away.
data "aws_availability_zones" "all" {
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  account_id = data.aws_caller_identity.current.account_id

  # A zone's letter gives its subnet's number, so that a new zone never renumbers an old one.
  zone_numbers = { for zone in data.aws_availability_zones.all.names : zone => index(["a", "b", "c", "d", "e", "f"], substr(zone, -1, 1)) }
}

# New volumes and snapshots only: what exists unencrypted stays so, and replaces nothing.
resource "aws_ebs_encryption_by_default" "this" {
  enabled = true

  # It is the whole account's, not ours to end.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_vpc" "this" {
  cidr_block                       = "10.83.0.0/16"
  assign_generated_ipv6_cidr_block = true
  enable_dns_support               = true
  enable_dns_hostnames             = true
  tags                             = { Name = "snowglobe" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "snowglobe" }
}

# One in every zone: the database must span two, and a machine goes where its volume is.
resource "aws_subnet" "public" {
  for_each = local.zone_numbers

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, each.value)
  ipv6_cidr_block   = cidrsubnet(aws_vpc.this.ipv6_cidr_block, 8, each.value)

  # Here and not on the instance, where it would plan a replacement of a stopped machine; it serves the first boot
  # until the Elastic IP is there.
  map_public_ip_on_launch         = true
  assign_ipv6_address_on_creation = true
  tags                            = { Name = "snowglobe-${each.key}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }

  route {
    ipv6_cidr_block = "::/0"
    gateway_id      = aws_internet_gateway.this.id
  }

  tags = { Name = "snowglobe" }
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

resource "aws_key_pair" "fcvm_ec2" {
  key_name   = "fcvm-ec2"
  public_key = var.ssh_public_key

  # Another computer's comment on the same key must not replace it. It may be older than we are, and outlives us.
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [public_key]
  }
}

resource "aws_security_group" "machines" {
  name        = "snowglobe-machines"
  description = "SSH in, anything out"
  vpc_id      = aws_vpc.this.id
}

# From anywhere, because the cockpit runs wherever the owner is; by key only, which is how Ubuntu's image comes.
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.machines.id
  description       = "SSH by key from wherever the owner is"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_egress_rule" "out" {
  for_each = { ipv4 = "0.0.0.0/0", ipv6 = "::/0" }

  security_group_id = aws_security_group.machines.id
  description       = "Anything out by ${each.key}"
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
  ip_protocol       = "-1"
}

# Where stops, failed stops and failed runs of the auto-stop are told.
resource "aws_sns_topic" "alerts" {
  name = "snowglobe-alerts"
}

resource "aws_sns_topic_subscription" "owner" {
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_budgets_budget" "monthly" {
  name         = "snowglobe-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type          = notification.key
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      comparison_operator        = "GREATER_THAN"
      subscriber_email_addresses = [var.alert_email]
    }
  }
}
