# Terraform, the AWS CLI, the database client and what a shell beside them wants, in one image for amd64 and arm64.
# ops/terraform/engine.ts builds and runs it. Each base is what its digest says (an index of both), whatever becomes of its tag.
FROM docker.io/hashicorp/terraform:1.15.5@sha256:15bf5a08b1fb9c9747c8ff01098aeeefb4aec9a6c24eb13e7661bdf9447e4aee AS terraform

FROM docker.io/amazon/aws-cli:2.37.5@sha256:fb7ccfc7b4e3a05017e6c9ded4ba959b99af622130e211fb976c68c2f4d3f224 AS aws
# Documentation and completion are half of it.
RUN rm -rf /usr/local/aws-cli/v2/*/dist/awscli/examples /usr/local/aws-cli/v2/*/dist/awscli/data/ac.index

FROM docker.io/library/ubuntu:24.04@sha256:008173c23f95b170204355c12626cb5a965d779a7e1283b09e9cffbb1bf33ca3
# libmariadb3 has the plugin that sends an IAM token. Everything is as new as the distribution has it.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates curl git groff jq less libmariadb3 mariadb-client-core openssh-client && \
    rm -rf /var/lib/apt/lists/*
COPY --from=terraform /bin/terraform /usr/local/bin/terraform
COPY --from=aws /usr/local/aws-cli /usr/local/aws-cli
ARG RDS_BUNDLE=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
ARG RDS_BUNDLE_SHA256=e5bb2084ccf45087bda1c9bffdea0eb15ee67f0b91646106e466714f9de3c7e3
# By Session Manager a machine is reached whose SSH is broken: aws ssm start-session --target i-…
ARG SSM_PLUGIN=https://s3.amazonaws.com/session-manager-downloads/plugin/1.2.835.0
ARG SSM_PLUGIN_SHA256_AMD64=7c6dcad12518571cc7959a713e6a8ae1bdf6ed66fd9bee37dc189e39ca58ae03
ARG SSM_PLUGIN_SHA256_ARM64=0add94c4c8b6ca63f26e44fd655d662b0f6455a268b5b9ebebee0f462214e928
# Not by ADD: Docker without buildx knows neither its --chmod nor its --checksum.
RUN set -eu; \
    fetch() { \
      curl --fail --silent --show-error --location --create-dirs --output "$2" "$1"; \
      echo "$3  $2" | sha256sum --check --quiet || { \
        echo "error: $1 is not what the Dockerfile pins. If its maker has announced a new one, put its SHA-256 there." >&2; \
        exit 1; \
      }; \
    }; \
    fetch "$RDS_BUNDLE" /usr/local/share/rds/global-bundle.pem "$RDS_BUNDLE_SHA256"; \
    case "$(dpkg --print-architecture)" in \
      amd64) fetch "$SSM_PLUGIN/ubuntu_64bit/session-manager-plugin.deb" /tmp/ssm.deb "$SSM_PLUGIN_SHA256_AMD64" ;; \
      arm64) fetch "$SSM_PLUGIN/ubuntu_arm64/session-manager-plugin.deb" /tmp/ssm.deb "$SSM_PLUGIN_SHA256_ARM64" ;; \
    esac; \
    dpkg-deb --extract /tmp/ssm.deb /tmp/ssm; \
    mv /tmp/ssm/usr/local/sessionmanagerplugin/bin/session-manager-plugin /usr/local/bin/; \
    rm -r /tmp/ssm /tmp/ssm.deb; \
    chmod 644 /usr/local/share/rds/global-bundle.pem; \
    ln -s /usr/local/aws-cli/v2/current/bin/aws /usr/local/bin/aws; \
    terraform version && aws --version && mariadb --version && session-manager-plugin --version
ENV HOME=/tmp TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1 AWS_PAGER=""
WORKDIR /snowglobe/terraform
USER 1000:1000
