// What the AWS provider would do for the state bucket, as far as the simulated account looks.
const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID } = process.env;
const scope = `${AWS_ACCESS_KEY_ID}/20260101/us-west-1/s3/aws4_request`;
const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;
const answer = await fetch(`${AWS_ENDPOINT_URL}/${process.argv[2]}`, { method: "PUT", headers: { authorization } });
if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
