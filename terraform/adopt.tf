# What the account has already is taken over and not made a second time: the machines that one already has, and all of it
# after a lost state. ops/terraform/adopt/ looks and passes the IDs. What is in the state already is left as it is. Free.

# What has the network of its own.
import {
  for_each = lookup(var.adopt, "aws_vpc.this", {})
  to       = aws_vpc.this
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_internet_gateway.this", {})
  to       = aws_internet_gateway.this
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_subnet.public", {})
  to       = aws_subnet.public[each.key]
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_route_table.public", {})
  to       = aws_route_table.public
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_route_table_association.public", {})
  to       = aws_route_table_association.public[each.key]
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_security_group.machines", {})
  to       = aws_security_group.machines
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_vpc_security_group_ingress_rule.ssh", {})
  to       = aws_vpc_security_group_ingress_rule.ssh
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_vpc_security_group_egress_rule.out", {})
  to       = aws_vpc_security_group_egress_rule.out[each.key]
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_security_group.database", {})
  to       = aws_security_group.database
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_vpc_security_group_ingress_rule.database", {})
  to       = aws_vpc_security_group_ingress_rule.database
  id       = each.value
}

# The machines.
import {
  for_each = lookup(var.adopt, "aws_key_pair.fcvm_ec2", {})
  to       = aws_key_pair.fcvm_ec2
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_instance.jumpbox", {})
  to       = aws_instance.jumpbox
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_instance.fcvm_metal_arm", {})
  to       = aws_instance.fcvm_metal_arm
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_instance.fcvm_metal_x86", {})
  to       = aws_instance.fcvm_metal_x86
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_eip.jumpbox", {})
  to       = aws_eip.jumpbox
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_eip.fcvm_metal_arm", {})
  to       = aws_eip.fcvm_metal_arm
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_eip.fcvm_metal_x86", {})
  to       = aws_eip.fcvm_metal_x86
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_eip_association.jumpbox", {})
  to       = aws_eip_association.jumpbox
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_eip_association.fcvm_metal_arm", {})
  to       = aws_eip_association.fcvm_metal_arm
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_eip_association.fcvm_metal_x86", {})
  to       = aws_eip_association.fcvm_metal_x86
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_ebs_volume.jumpbox_home", {})
  to       = aws_ebs_volume.jumpbox_home
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_volume_attachment.jumpbox_home", {})
  to       = aws_volume_attachment.jumpbox_home
  id       = each.value
}

# What is known by a name that only one may have.
import {
  for_each = lookup(var.adopt, "aws_iam_role.jumpbox", {})
  to       = aws_iam_role.jumpbox
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_iam_role.dev", {})
  to       = aws_iam_role.dev
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_iam_role.backup", {})
  to       = aws_iam_role.backup
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_iam_role.auto_stop", {})
  to       = aws_iam_role.auto_stop
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_iam_instance_profile.jumpbox", {})
  to       = aws_iam_instance_profile.jumpbox
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_iam_instance_profile.dev", {})
  to       = aws_iam_instance_profile.dev
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_cloudwatch_log_group.auto_stop", {})
  to       = aws_cloudwatch_log_group.auto_stop
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_lambda_function.auto_stop", {})
  to       = aws_lambda_function.auto_stop
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_cloudwatch_event_rule.hourly", {})
  to       = aws_cloudwatch_event_rule.hourly
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_cloudwatch_event_target.auto_stop", {})
  to       = aws_cloudwatch_event_target.auto_stop
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_sns_topic.alerts", {})
  to       = aws_sns_topic.alerts
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_lambda_permission.hourly", {})
  to       = aws_lambda_permission.hourly
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_budgets_budget.monthly", {})
  to       = aws_budgets_budget.monthly
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_backup_vault.this", {})
  to       = aws_backup_vault.this
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_backup_plan.this", {})
  to       = aws_backup_plan.this
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_backup_selection.this", {})
  to       = aws_backup_selection.this
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_db_subnet_group.this", {})
  to       = aws_db_subnet_group.this
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_rds_cluster_parameter_group.this", {})
  to       = aws_rds_cluster_parameter_group.this
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_rds_cluster.this", {})
  to       = aws_rds_cluster.this
  id       = each.value
}

import {
  for_each = lookup(var.adopt, "aws_rds_cluster_instance.this", {})
  to       = aws_rds_cluster_instance.this
  id       = each.value
}
