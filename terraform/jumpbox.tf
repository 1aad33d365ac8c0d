# jumpbox: t4g.large on demand, always on, for remote management with admin rights. About $0.08 an hour ($58 a month),
# 8 GB root and 20 GB home at $0.096 a GB-month, and its address at $3.60 a month.

data "aws_ssm_parameter" "ubuntu_arm64" {
  name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
}

resource "aws_instance" "jumpbox" {
  ami                    = data.aws_ssm_parameter.ubuntu_arm64.insecure_value
  instance_type          = "t4g.large"
  key_name               = aws_key_pair.fcvm_ec2.key_name
  iam_instance_profile   = aws_iam_instance_profile.jumpbox.name
  vpc_security_group_ids = [aws_security_group.machines.id]
  # The machine follows its home volume, which cannot leave its zone.
  subnet_id        = aws_subnet.public[aws_ebs_volume.jumpbox_home.availability_zone].id
  user_data_base64 = local.user_data["jumpbox"]

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # neither a microVM nor a container behind its own network reads the role
  }

  root_block_device {
    volume_type           = "gp3"
    volume_size           = 8
    delete_on_termination = false
  }

  tags = { Name = "jumpbox" }

  # Its first boot wants the network, and its root is to be encrypted.
  depends_on = [aws_route_table_association.public, aws_ebs_encryption_by_default.this]

  # See dev-instance-common.tf for why each of these is here.
  lifecycle {
    ignore_changes = [ami, key_name, user_data, user_data_base64, root_block_device, subnet_id, availability_zone, associate_public_ip_address, vpc_security_group_ids]
  }
}

resource "aws_ebs_volume" "jumpbox_home" {
  availability_zone = sort(data.aws_ec2_instance_type_offerings.zones["t4g.large"].locations)[0]
  type              = "gp3"
  size              = 20
  encrypted         = true
  tags              = { Name = "jumpbox-home" }

  # What makes the roots encrypted outlives the machines with it.
  depends_on = [aws_ebs_encryption_by_default.this]

  # Its data outlives every machine; its zone and encryption were settled when it was made, its size when it was adopted.
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [availability_zone, encrypted, kms_key_id, snapshot_id, size, type, iops, throughput, final_snapshot]
  }
}

resource "aws_volume_attachment" "jumpbox_home" {
  device_name                    = "/dev/sdf"
  volume_id                      = aws_ebs_volume.jumpbox_home.id
  instance_id                    = aws_instance.jumpbox.id
  stop_instance_before_detaching = true
}

resource "aws_eip" "jumpbox" {
  domain = "vpc"
  tags   = { Name = "jumpbox" }

  lifecycle {
    prevent_destroy = true
  }
}

# Apart from the address, which outlives the machine; putting it back where it is already does nothing.
resource "aws_eip_association" "jumpbox" {
  allocation_id       = aws_eip.jumpbox.allocation_id
  instance_id         = aws_instance.jumpbox.id
  allow_reassociation = true

  # Adopted as it is: AWS does not tell it, and a difference would take the address off and put it on again.
  lifecycle {
    ignore_changes = [allow_reassociation]
  }
}

resource "aws_iam_role" "jumpbox" {
  name               = "snowglobe-jumpbox"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

resource "aws_iam_role_policy_attachment" "jumpbox" {
  for_each = toset(["AdministratorAccess", "AmazonSSMManagedInstanceCore"])

  role       = aws_iam_role.jumpbox.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_iam_instance_profile" "jumpbox" {
  name = "snowglobe-jumpbox"
  role = aws_iam_role.jumpbox.name
}
