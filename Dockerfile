# Terraform, the AWS CLI and the database client in one image, for amd64 and arm64, taken from their makers' images.
# ops/terraform/engine.ts builds and runs it.
ARG RDS_BUNDLE=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem

FROM docker.io/hashicorp/terraform:1.15.5 AS terraform

FROM docker.io/amazon/aws-cli:2.37.5 AS aws
# Documentation and completion are half of it.
RUN rm -rf /usr/local/aws-cli/v2/*/dist/awscli/examples /usr/local/aws-cli/v2/*/dist/awscli/data/ac.index

FROM docker.io/library/mariadb:11.8-noble AS database
# The client, the plugin that sends an IAM token, and the libraries that both want.
RUN set -eu; \
    find /usr/bin/mariadb /usr/lib -path /usr/bin/mariadb -o -name mysql_clear_password.so >/tmp/files; \
    xargs ldd </tmp/files >/tmp/libraries; \
    awk '$3 ~ "^/" { sub("^/lib/", "/usr/lib/", $3); print $3 }' /tmp/libraries >>/tmp/files; \
    sort -u -o /tmp/files /tmp/files; \
    mkdir /client; \
    xargs cp --dereference --parents --target-directory=/client </tmp/files

FROM docker.io/library/ubuntu:24.04
ARG RDS_BUNDLE
COPY --from=terraform /bin/terraform /usr/local/bin/terraform
COPY --from=terraform /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=aws /usr/local/aws-cli /usr/local/aws-cli
COPY --from=database /client /
ADD --chmod=644 ${RDS_BUNDLE} /usr/local/share/rds/global-bundle.pem
RUN ln -s /usr/local/aws-cli/v2/current/bin/aws /usr/local/bin/aws; \
    terraform version && aws --version && mariadb --version
ENV HOME=/tmp TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1 AWS_PAGER=""
WORKDIR /snowglobe/terraform
USER 1000:1000
