/** How another shell gets onto a simulated account: the lines that it reads. */

import { quoted } from "../engine/stage.ts";

/** Sets these variables; a real account's settings and a company's network in that shell are taken away. */
export function shellLines(env: Readonly<Record<string, string>>): readonly string[] {
  return [
    "unset $(env | sed -n 's/^\\(\\(AWS\\|TF\\|SNOWGLOBE\\)_[A-Za-z0-9_]*\\)=.*/\\1/p')",
    "unset REQUESTS_CA_BUNDLE SSL_CERT_FILE https_proxy HTTPS_PROXY http_proxy HTTP_PROXY no_proxy NO_PROXY",
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
  ];
}
