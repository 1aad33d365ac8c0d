# What the machines share: rights, zones, addresses, persistent volumes, and the scripts of their first boot.
# The scripts cost nothing; the busy signal costs at most $0.30 a month for each machine that is busy.
# Why the machines ignore changes, each of which would otherwise touch a root volume or replace a machine:
#   ami                          a newer Ubuntu must not replace a machine
#   key_name, user_data(_base64) first boot is past; a change would replace the machine, or stop and start it
#   root_block_device            after a swap it is the owner's: not ours to change; another encryption replaces the machine
#   subnet_id, availability_zone the volume's zone decided; no later answer of AWS's moves a machine
#   associate_public_ip_address  reads false on a stopped machine without an address
#   vpc_security_group_ids       an adopted machine stays in the network in which it was made; groups do not cross networks
#   instance_market_options      a spot request changes by itself on a stop, and after an interruption

data "aws_iam_policy_document" "ec2" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

# The dev servers may read the GitHub token, say that they are busy, and be reached by SSM when SSH is broken. No more:
# AmazonSSMManagedInstanceCore would let them read every parameter of the account.
resource "aws_iam_role" "dev" {
  name               = "snowglobe-dev"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

data "aws_iam_policy_document" "dev" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["arn:aws:secretsmanager:us-west-1:${local.account_id}:secret:github-pat-ejc3-*"]
  }

  statement {
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["snowglobe"]
    }
  }

  # What the agent needs for Session Manager; none of it can be narrowed to a resource.
  statement {
    actions = [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "dev" {
  name   = "dev"
  role   = aws_iam_role.dev.id
  policy = data.aws_iam_policy_document.dev.json
}

resource "aws_iam_instance_profile" "dev" {
  name = "snowglobe-dev"
  role = aws_iam_role.dev.name
}

data "aws_ec2_instance_type_offerings" "zones" {
  for_each = toset(["t4g.large", "c7gd.metal", "c5.metal"])

  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = [each.key]
  }
}

# Read only: Terraform manages no persistent root, and so can neither change nor delete one.
data "aws_ebs_volume" "persistent" {
  for_each = var.persistent_roots

  filter {
    name   = "volume-id"
    values = [each.value.volume]
  }
}

locals {
  machines = {
    jumpbox        = aws_instance.jumpbox
    fcvm-metal-arm = aws_instance.fcvm_metal_arm
    fcvm-metal-x86 = aws_instance.fcvm_metal_x86
  }
  dev_machines = {
    fcvm-metal-arm = aws_instance.fcvm_metal_arm
    fcvm-metal-x86 = aws_instance.fcvm_metal_x86
  }
  eips = {
    jumpbox        = aws_eip.jumpbox
    fcvm-metal-arm = aws_eip.fcvm_metal_arm
    fcvm-metal-x86 = aws_eip.fcvm_metal_x86
  }

  # A machine must be where its persistent volume is; without one, in the first zone that has its type.
  dev_zones = {
    for name, type in { fcvm-metal-arm = "c7gd.metal", fcvm-metal-x86 = "c5.metal" } : name =>
    try(data.aws_ebs_volume.persistent[name].availability_zone, sort(data.aws_ec2_instance_type_offerings.zones[type].locations)[0])
  }

  persistent_volumes = {
    for name, machine in local.dev_machines : name =>
    try(var.persistent_roots[name].volume, machine.root_block_device[0].volume_id)
  }
}

# The mark of what the cockpit refuses to delete. Of recorded volumes only, so that no mark depends on a machine: Make
# records the first roots when they have been made, and has them marked in the same run.
resource "aws_ec2_tag" "persistent" {
  for_each = var.persistent_roots

  resource_id = each.value.volume
  key         = "snowglobe:persistent"
  value       = each.key
}

# First boot. cloud-init takes every root that it has not seen under this instance ID for a new one, the owner's disk after
# a swap too (aws.md, "A root volume under another instance ID"): what runs then must leave such a disk as it was.
#
# Each piece below defines one step and runs it; a step that fails is written down and keeps no other from running. All
# may run again at any time (sudo bash /var/lib/cloud/instance/scripts/first-boot) and then change nothing.
locals {
  first_boot_head = <<-SCRIPT
    #!/bin/bash
    set -uo pipefail
    export DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin
    status=/var/lib/snowglobe/first-boot.status
    # On every root that came with one of these machines. A disk of the owner's from before has been another instance's.
    ours=/var/lib/snowglobe/ours
    mkdir -p /var/lib/snowglobe
    failed=""
    shopt -s nullglob
    instances=(/var/lib/cloud/instances/*/)
    if [ "$${#instances[@]}" -le 1 ] && [ ! -e "$ours" ]; then touch "$ours"; fi

    # Writes stdin to file $1 with mode $2; true where that changed anything.
    put() {
      local new
      new=$(mktemp)
      cat >"$new"
      if cmp -s "$new" "$1"; then rm "$new"; return 1; fi
      install -D -m "$2" "$new" "$1"
      rm "$new"
    }

    # Tries a command that needs the network up to 10 times: the Elastic IP arrives while we are at it.
    insist() {
      local try
      for try in 1 2 3 4 5 6 7 8 9 10; do
        "$@" && return
        sleep "$try"
      done
      return 1
    }

    # Runs function $2 as step $1. Not in a condition: bash would ignore errors inside.
    step() {
      echo "== $1"
      (set -e; "$2")
      local code=$?
      [ "$code" = 0 ] || failed="$failed $1"
    }

    # The same where the root came with the machine: an owner's disk is given only what a machine needs to run.
    step_of_ours() { if [ -e "$ours" ]; then step "$@"; fi; }

    # Line 1: running, done or failed. Line 2: the steps that failed. The cockpit reads this.
    tell() { printf '%s\n%s\n' "$1" "$${failed# }" | put "$status" 644 || true; }
    [ -e "$status" ] || tell running
  SCRIPT

  first_boot_tail = <<-SCRIPT
    if [ -z "$failed" ]; then tell "done"; else tell failed; exit 1; fi
  SCRIPT

  # cloud-init locks the password of the login for each new instance ID, and the cloud-config below kept what there was.
  login_script = <<-SCRIPT
    login() {
      local kept=/run/snowglobe-login
      if [ -s "$kept" ]; then chpasswd -e <"$kept" && rm "$kept"; fi
    }
    step login login
  SCRIPT

  packages_script = <<-SCRIPT
    packages() {
      local wanted missing=()
      has() { dpkg-query -W -f '$${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }
      wanted=(btrfs-progs ca-certificates curl gh git git-lfs unattended-upgrades build-essential)
      # For rustup apt would take the distribution's own Rust away.
      if ! has rustc && ! has cargo; then wanted+=(rustup); fi
      for package in "$${wanted[@]}"; do has "$package" || missing+=("$package"); done
      if [ "$${#missing[@]}" -gt 0 ]; then
        insist apt-get -o DPkg::Lock::Timeout=600 update
        insist apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$${missing[@]}"
      fi
      command -v aws >/dev/null || insist snap install aws-cli --classic
    }
    step_of_ours packages packages
  SCRIPT

  # Security updates by themselves; a reboot or a kernel taken away only when the owner says so.
  upgrades_script = <<-SCRIPT
    upgrades() {
      put /etc/apt/apt.conf.d/20auto-upgrades 644 <<'CONF' || true
    APT::Periodic::Update-Package-Lists "1";
    APT::Periodic::Unattended-Upgrade "1";
    CONF
      put /etc/apt/apt.conf.d/52snowglobe 644 <<'CONF' || true
    Unattended-Upgrade::Automatic-Reboot "false";
    Unattended-Upgrade::Remove-Unused-Kernel-Packages "false";
    CONF
    }
    step_of_ours upgrades upgrades
  SCRIPT

  # Without it grub-reboot cannot try a kernel once and fall back.
  grub_script = <<-SCRIPT
    grub() {
      if echo GRUB_DEFAULT=saved | put /etc/default/grub.d/60-snowglobe.cfg 644; then update-grub; fi
    }
    step_of_ours grub grub
  SCRIPT

  # The token goes from Secrets Manager to gh by a pipe: no file of ours, no argument, no log holds it.
  gh_auth_script = <<-SCRIPT
    gh_auth() {
      if ! sudo -iu ubuntu gh auth status >/dev/null 2>&1; then
        local token
        token=$(insist aws secretsmanager get-secret-value --secret-id github-pat-ejc3 --region us-west-1 \
          --query SecretString --output text)
        printf '%s\n' "$token" | sudo -iu ubuntu gh auth login --with-token
      fi
      if ! sudo -iu ubuntu git config --global --get-all credential.https://github.com.helper >/dev/null; then
        sudo -iu ubuntu gh auth setup-git
      fi
    }
    step_of_ours github gh_auth
  SCRIPT

  claude_sync_script = <<-SCRIPT
    claude_sync() {
      local home=/home/ubuntu
      if [ ! -x "$home/.cargo/bin/claude-code-sync" ]; then
        if command -v rustup >/dev/null; then sudo -iu ubuntu rustup default stable; fi
        insist sudo -iu ubuntu cargo install --git https://github.com/ejc3/claude-code-sync
      fi
      [ -L /usr/local/bin/claude-code-sync ] || ln -s "$home/.cargo/bin/claude-code-sync" /usr/local/bin/claude-code-sync
      # Only where there is none: afterwards it is the owner's.
      if [ ! -e "$home/.claude-code-sync-init.toml" ]; then
        put "$home/.claude-code-sync-init.toml" 644 <<'TOML'
    repo_path = "~/claude-history-sync"
    remote_url = "https://github.com/ejc3/claude-code-history.git"
    clone = true
    TOML
        chown ubuntu:ubuntu "$home/.claude-code-sync-init.toml"
      fi
      [ -d "$home/claude-history-sync" ] || insist sudo -iu ubuntu claude-code-sync init
    }
    step_of_ours claude-sync claude_sync
  SCRIPT

  gh_and_claude_sync_script = "${local.gh_auth_script}${local.claude_sync_script}"

  # The instance-store disk, empty after every stop: found by its model, because EBS and instance store swap names.
  nvme_script = <<-SCRIPT
    nvme() {
      put /usr/local/sbin/snowglobe-scratch 755 <<'PROGRAM' || true
    #!/bin/bash
    # At every boot: /mnt/fcvm-btrfs on an instance-store disk, made anew where the disk came back empty.
    set -euo pipefail
    mount=/mnt/fcvm-btrfs
    mountpoint -q "$mount" && exit
    ours="" empty=""
    while read -r disk model; do
      [ "$model" = "Amazon EC2 NVMe Instance Storage" ] || continue
      # 2 means that nothing is on it; any other failure proves nothing.
      found=$(blkid -p "$disk") && code=0 || code=$?
      if [[ $found == *' LABEL="fcvm-btrfs"'* ]]; then ours=$disk; fi
      if [ "$code" = 2 ]; then empty=$${empty:-$disk}; fi
    done < <(lsblk -dnpo NAME,MODEL)
    disk=$${ours:-$empty}
    if [ -z "$disk" ]; then echo "No empty instance-store disk for $mount." >&2; exit 1; fi
    if [ -z "$ours" ]; then mkfs.btrfs -q -L fcvm-btrfs "$disk"; fi
    mkdir -p "$mount"
    mount -t btrfs -o defaults "$disk" "$mount"
    install -d -o ubuntu -g ubuntu "$mount/image-cache"
    chown ubuntu:ubuntu "$mount"
    PROGRAM
      put /etc/systemd/system/snowglobe-scratch.service 644 <<'UNIT' || true
    [Unit]
    Description=Scratch disk at /mnt/fcvm-btrfs
    After=local-fs.target

    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=/usr/local/sbin/snowglobe-scratch

    [Install]
    WantedBy=multi-user.target
    UNIT
      grep -q /mnt/fcvm-btrfs /etc/fstab || echo 'LABEL=fcvm-btrfs /mnt/fcvm-btrfs btrfs defaults,nofail 0 0' >>/etc/fstab
      systemctl daemon-reload
      systemctl enable --now snowglobe-scratch.service
    }
    step nvme nvme
  SCRIPT

  # The busy signal: a metric, every 5 minutes while somebody types in a terminal here or a kernel is being built; silence
  # costs nothing. Not a tag, which Terraform would plan away. A terminal counts by when it was last typed into, as its
  # access time tells: a forgotten one, or a detached tmux, does not keep a $5/h machine. Probes have none.
  heartbeat_script = <<-SCRIPT
    heartbeat() {
      put /usr/local/sbin/snowglobe-heartbeat 755 <<'PROGRAM' || true
    #!/bin/bash
    set -euo pipefail
    export PATH=$PATH:/snap/bin
    sessions=$({ find /dev/pts -type c -name '[0-9]*' -amin -6 2>/dev/null || true; } | wc -l)
    builds=$(systemctl list-units --no-legend --plain --state=active,activating 'snowglobe-kernel*.service' | wc -l)
    [ $((sessions + builds)) -gt 0 ] || exit 0
    metadata=http://169.254.169.254/latest
    token=$(curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
    instance=$(curl -sf -m 5 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/instance-id")
    exec aws cloudwatch put-metric-data --region us-west-1 --namespace snowglobe --metric-name Busy \
      --dimensions "InstanceId=$instance" --value "$((sessions + builds))"
    PROGRAM
      put /etc/systemd/system/snowglobe-heartbeat.service 644 <<'UNIT' || true
    [Unit]
    Description=Says that somebody is at work here

    [Service]
    Type=oneshot
    ExecStart=/usr/local/sbin/snowglobe-heartbeat
    UNIT
      put /etc/systemd/system/snowglobe-heartbeat.timer 644 <<'UNIT' || true
    [Unit]
    Description=Says every 5 minutes whether somebody is at work here

    [Timer]
    OnCalendar=*:0/5

    [Install]
    WantedBy=timers.target
    UNIT
      systemctl daemon-reload
      systemctl enable --now snowglobe-heartbeat.timer
      # An owner's disk may have no AWS CLI, and nothing is installed on it.
      command -v aws >/dev/null || { echo "The busy signal needs the AWS CLI." >&2; return 1; }
    }
    step heartbeat heartbeat
  SCRIPT

  # The jumpbox's home: found by the volume's own ID, made a file system only where nothing at all is on it.
  home_script = <<-SCRIPT
    home_volume() {
      local disk=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${replace(aws_ebs_volume.jumpbox_home.id, "-", "")}
      local found code=0 new uuid
      # It is attached after the machine has started.
      for _ in $(seq 120); do [ -e "$disk" ] && break; sleep 5; done
      found=$(blkid -p "$disk") || code=$?
      # 2 is also what a disk that cannot be read gives; a new one reads as zeros.
      if [ "$code" = 2 ] && [ -z "$found" ] && cmp -s -n 1048576 "$disk" /dev/zero; then
        mkfs.ext4 -q -L home "$disk"
        new=$(mktemp -d)
        mount "$disk" "$new"
        cp -a /home/ubuntu/. "$new/"
        chown ubuntu:ubuntu "$new"
        umount "$new"
        rmdir "$new"
      elif [[ $found != *' TYPE="ext4"'* ]]; then
        echo "What is on $disk is no home of ours, so it is left alone." >&2
        return 1
      fi
      if ! grep -q ' /home/ubuntu ' /etc/fstab; then
        uuid=$(blkid -p -s UUID -o value "$disk")
        echo "UUID=$uuid /home/ubuntu ext4 defaults,nofail 0 2" >>/etc/fstab
        systemctl daemon-reload
      fi
      mountpoint -q /home/ubuntu || mount /home/ubuntu
    }
    step home home_volume

    swap_file() {
      local file=/home/ubuntu/.swapfile
      # Never on the 8 GB root.
      mountpoint -q /home/ubuntu
      if [ ! -e "$file" ]; then
        fallocate -l 4G "$file.new"
        chmod 600 "$file.new"
        mkswap "$file.new"
        mv "$file.new" "$file"
      fi
      grep -q "^$file " /etc/fstab || echo "$file none swap sw,nofail 0 0" >>/etc/fstab
      swapon --show=NAME --noheadings | grep -qxF "$file" || swapon "$file"
    }
    step swap swap_file
  SCRIPT

  first_boot = {
    jumpbox = join("", [
      local.first_boot_head, local.login_script, local.home_script, local.packages_script, local.upgrades_script, local.grub_script,
      local.gh_and_claude_sync_script, local.first_boot_tail,
    ])
    fcvm-metal-arm = join("", [
      local.first_boot_head, local.login_script, local.packages_script, local.upgrades_script, local.grub_script, local.nvme_script,
      local.heartbeat_script, local.gh_and_claude_sync_script, local.first_boot_tail,
    ])
    fcvm-metal-x86 = join("", [
      local.first_boot_head, local.login_script, local.packages_script, local.upgrades_script, local.grub_script, local.heartbeat_script,
      local.gh_and_claude_sync_script, local.first_boot_tail,
    ])
  }

  # What keeps a swapped-in root as it was: its host keys, its package sources, and its login's password. The host name is
  # the machine's, and not made of an address that every launch changes.
  cloud_config = { for name, script in local.first_boot : name => join("\n", [
    "#cloud-config\nhostname: ${name}\nssh_deletekeys: false\napt: { preserve_sources_list: true }\nbootcmd:",
    "  - [cloud-init-per, instance, login, sh, -c, 'umask 077; grep ^ubuntu: /etc/shadow | cut -d: -f1,2 >/run/snowglobe-login']\n",
  ]) }

  # cloud-init takes several files at once as MIME (its documentation, "User data formats").
  user_data_text = { for name, script in local.first_boot : name => join("\n", [
    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"==snowglobe==\"\n",
    "--==snowglobe==\nContent-Type: text/cloud-config; charset=\"utf-8\"\n",
    local.cloud_config[name],
    "--==snowglobe==\nContent-Type: text/x-shellscript; charset=\"utf-8\"",
    "Content-Disposition: attachment; filename=\"first-boot\"\n",
    script,
    "--==snowglobe==--\n",
  ]) }

  # EC2 takes 16 KB; cloud-init unpacks gzip by itself.
  user_data = { for name, text in local.user_data_text : name => length(text) > 16384 ? base64gzip(text) : base64encode(text) }
}
