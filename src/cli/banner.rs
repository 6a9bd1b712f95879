//! What `ringfence dev` greets with: where things are, and a walk to paste.

use std::io::Write as _;
use std::net::SocketAddr;

pub(super) fn print(address: SocketAddr, base_url: &str, psql: Option<&str>) {
    // A closed terminal is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "{}", text(address, base_url, psql));
}

/// The walk makes a new person each time, so that it works on a second day too.
fn text(address: SocketAddr, base_url: &str, psql: Option<&str>) -> String {
    let psql = psql.map(|url| format!("\n  database  psql '{url}'")).unwrap_or_default();
    format!(
        r#"
Ringfence is ready at {base_url} (listening on {address})

  demo      {base_url}/
  docs      {base_url}/docs
  inbox     {base_url}/dev/inbox{psql}

From nothing to a token; paste it into another terminal:

  API={base_url}/api/v1 N=$(date +%s | cut -c7-10)
  ME="\"email\":\"ada$N@example.com\"" PW='"password":"correct horse battery"'
  post() {{ curl -s "$API/auth/$1" -H 'Content-Type: application/json' -d "{{$2}}"; echo; }}
  post register "$ME,$PW,\"phoneNumber\":\"+1415555$N\""
  post login "$ME,$PW"
  CODE=$(curl -s {base_url}/dev/inbox/messages | grep -o '"code":"[0-9]*"' | head -1 | tr -dc 0-9)
  TOKEN=$(post verify-otp "$ME,\"otpCode\":\"$CODE\"" | sed 's/.*"token":"\([^"]*\)".*/\1/')
  curl -s "$API/profile" -H "Authorization: Bearer $TOKEN"; echo

Ctrl-C stops everything."#
    )
}
