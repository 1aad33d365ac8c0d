# Terraform, the AWS CLI and the database client in one image, for amd64 and arm64, taken from their makers' images.
# ops/terraform/engine.ts builds and runs it. Each base is what its digest says (an index of both), whatever becomes of its tag.
ARG RDS_BUNDLE=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
ARG RDS_BUNDLE_SHA256=e5bb2084ccf45087bda1c9bffdea0eb15ee67f0b91646106e466714f9de3c7e3

FROM docker.io/hashicorp/terraform:1.15.5@sha256:15bf5a08b1fb9c9747c8ff01098aeeefb4aec9a6c24eb13e7661bdf9447e4aee AS terraform

FROM docker.io/amazon/aws-cli:2.37.5@sha256:fb7ccfc7b4e3a05017e6c9ded4ba959b99af622130e211fb976c68c2f4d3f224 AS aws
# Documentation and completion are half of it.
RUN rm -rf /usr/local/aws-cli/v2/*/dist/awscli/examples /usr/local/aws-cli/v2/*/dist/awscli/data/ac.index

FROM docker.io/library/mariadb:11.8-noble@sha256:79d59758afc91b89b120b0a8904d637f5a3b3e1c4900f29b740d6d46c72fef68 AS database
# The client, the plugin that sends an IAM token, and the libraries that both want.
RUN set -eu; \
    find /usr/bin/mariadb /usr/lib -path /usr/bin/mariadb -o -name mysql_clear_password.so >/tmp/files; \
    xargs ldd </tmp/files >/tmp/libraries; \
    awk '$3 ~ "^/" { sub("^/lib/", "/usr/lib/", $3); print $3 }' /tmp/libraries >>/tmp/files; \
    sort -u -o /tmp/files /tmp/files; \
    mkdir /client; \
    xargs cp --dereference --parents --target-directory=/client </tmp/files

FROM docker.io/library/ubuntu:24.04@sha256:008173c23f95b170204355c12626cb5a965d779a7e1283b09e9cffbb1bf33ca3
ARG RDS_BUNDLE
ARG RDS_BUNDLE_SHA256
COPY --from=terraform /bin/terraform /usr/local/bin/terraform
COPY --from=terraform /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=aws /usr/local/aws-cli /usr/local/aws-cli
COPY --from=database /client /
ADD --chmod=644 ${RDS_BUNDLE} /usr/local/share/rds/global-bundle.pem
# Not ADD's own --checksum: Podman 4 does not know it.
RUN echo "${RDS_BUNDLE_SHA256}  /usr/local/share/rds/global-bundle.pem" | sha256sum --check --quiet || { \
      echo "error: RDS's certificates are not those that the Dockerfile pins. If AWS has announced new ones, put their SHA-256 there (RDS_BUNDLE_SHA256)." >&2; \
      exit 1; \
    }; \
    ln -s /usr/local/aws-cli/v2/current/bin/aws /usr/local/bin/aws; \
    terraform version && aws --version && mariadb --version
ENV HOME=/tmp TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1 AWS_PAGER=""
WORKDIR /snowglobe/terraform
USER 1000:1000
