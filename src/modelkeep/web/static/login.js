// A login link carries its code behind the #, which browsers send to nobody. It is put into the
// form and sent, and it does not stay in the address.
"use strict";
{
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", location.pathname + location.search);
    document.getElementById("token").value = code;
    document.getElementById("login").submit();
  }
}
