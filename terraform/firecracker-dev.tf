# fcvm-metal-arm: c7gd.metal, 64 cores, for Firecracker and KVM with nested virtualisation. Persistent spot: AWS may stop
# it, and never ends it. $3.63 an hour on demand, on spot usually a third to a half of that; the 300 GB root is about $29
# a month, the address $3.60. After 12 idle hours it is stopped (dev-auto-stop-lambda.tf).

resource "aws_instance" "fcvm_metal_arm" {
  ami                    = data.aws_ssm_parameter.ubuntu_arm64.insecure_value
  instance_type          = "c7gd.metal"
  key_name               = aws_key_pair.fcvm_ec2.key_name
  iam_instance_profile   = aws_iam_instance_profile.dev.name
  vpc_security_group_ids = [aws_security_group.machines.id]
  subnet_id              = aws_subnet.public[local.dev_zones["fcvm-metal-arm"]].id
  user_data_base64       = local.user_data["fcvm-metal-arm"]

  # A persistent request needs `stop`; without valid_until and max_price it has no end, and the on-demand price is the cap.
  instance_market_options {
    market_type = "spot"

    spot_options {
      spot_instance_type             = "persistent"
      instance_interruption_behavior = "stop"
    }
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # neither a microVM nor a container behind its own network reads the role
  }

  root_block_device {
    volume_type           = "gp3"
    volume_size           = 300
    delete_on_termination = false
  }

  tags = { Name = "fcvm-metal-arm" }

  # Its first boot wants the network, and its root is to be encrypted.
  depends_on = [aws_route_table_association.public, aws_ebs_encryption_by_default.this]

  # See dev-instance-common.tf for why each of these is here.
  lifecycle {
    ignore_changes = [ami, key_name, user_data, user_data_base64, root_block_device, subnet_id, availability_zone, associate_public_ip_address, vpc_security_group_ids, instance_market_options]
  }
}

resource "aws_eip" "fcvm_metal_arm" {
  domain = "vpc"
  tags   = { Name = "fcvm-metal-arm" }

  lifecycle {
    prevent_destroy = true
  }
}

# Apart from the address, which outlives the machine; putting it back where it is already does nothing.
resource "aws_eip_association" "fcvm_metal_arm" {
  allocation_id       = aws_eip.fcvm_metal_arm.allocation_id
  instance_id         = aws_instance.fcvm_metal_arm.id
  allow_reassociation = true

  # Adopted as it is: AWS does not tell it, and a difference would take the address off and put it on again.
  lifecycle {
    ignore_changes = [allow_reassociation]
  }
}
