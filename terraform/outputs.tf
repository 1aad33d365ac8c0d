# What the cockpit and Make read, so that nothing is ever copied by hand. Free.

output "addresses" {
  description = "Each machine's Elastic IP."
  value       = { for name, eip in local.eips : name => eip.public_ip }
}

output "jumpbox_public_ip" {
  description = "The jumpbox's Elastic IP, by the name that scripts know."
  value       = aws_eip.jumpbox.public_ip
}

output "firecracker_dev_public_ip" {
  description = "fcvm-metal-arm's Elastic IP, by the name that scripts know."
  value       = aws_eip.fcvm_metal_arm.public_ip
}

output "x86_dev_public_ip" {
  description = "fcvm-metal-x86's Elastic IP, by the name that scripts know."
  value       = aws_eip.fcvm_metal_x86.public_ip
}

output "ssh_commands" {
  description = "How to reach each machine without the cockpit."
  value       = { for name, eip in local.eips : name => "ssh -i ~/.ssh/fcvm-ec2 ubuntu@${eip.public_ip}" }
}

output "allocation_ids" {
  description = "Each Elastic IP's allocation, which terraform.tfvars records."
  value       = { for name, eip in local.eips : name => eip.allocation_id }
}

output "persistent_roots" {
  description = "The root volume that is each dev server's for ever: the recorded one, else the first."
  value       = local.persistent_volumes
}

output "instance_ids" {
  description = "The machines as they are now; a recreated spot machine has another."
  value       = { for name, machine in local.machines : name => machine.id }
}

output "database" {
  description = "Where the database is, and what it takes to make its IAM user."
  value = {
    endpoint    = aws_rds_cluster.this.endpoint
    port        = aws_rds_cluster.this.port
    name        = aws_rds_cluster.this.database_name
    cluster_arn = aws_rds_cluster.this.arn
    secret_arn  = one(aws_rds_cluster.this.master_user_secret).secret_arn
    vpc_cidr    = aws_vpc.this.cidr_block
  }
}

output "alert_email" {
  description = "Where messages go, so that a second computer need not ask."
  value       = var.alert_email
}
