// Hosts Okta's sign-in widget, unmodified (idx.md §13).

(async () => {
  const nonce = document.currentScript.nonce;
  const query = new URLSearchParams(location.search);
  const generation = query.get("gen") === "3" ? "3" : "2";
  const at = (id) => document.getElementById(id);
  const fail = (error) => {
    at("problem").textContent = error?.message || String(error);
    at("problem").hidden = false;
  };
  try {
    const apps = await (await fetch("/apps")).json();
    const callback = `${location.origin}/widget/callback`;
    const app = apps.find((app) => (query.get("app") ? app.clientId === query.get("app") : app.redirectUris.includes(callback)));
    if (!app) throw new Error(`No app of this organisation has the redirect URI ${callback}.`);
    const config = {
      issuer: `${location.origin}/oauth2/default`, clientId: app.clientId, redirectUri: callback, scopes: ["openid", "profile", "email"], authScheme: "OAUTH2",
      assets: { baseUrl: "/siw" }, cspNonce: nonce, brandName: app.label, helpLinks: { help: "/" },
      ...(query.get("flow") === "signup" ? { flow: "signup" } : {}),
      // A link of a mail that leads back here (idx.md §9).
      ...(query.has("otp") ? { state: query.get("state"), otp: query.get("otp") } : {}),
    };
    const widget = new OktaSignIn(config);
    document.title = `Okta widget, generation ${generation}`;
    const show = ({ tokens }) => {
      const claims = Object.entries(tokens.idToken.claims).map(([name, value]) => {
        const row = document.createElement("tr");
        const [head, cell] = [document.createElement("th"), document.createElement("td")];
        head.scope = "row";
        head.textContent = name;
        cell.textContent = typeof value === "string" ? value : JSON.stringify(value);
        row.append(head, cell);
        return row;
      });
      at("claims").replaceChildren(...claims);
      at("result").hidden = false;
      widget.remove();
    };
    if (query.has("interaction_code")) {
      await widget.authClient.idx.handleInteractionCodeRedirect(location.href);
      const tokens = await widget.authClient.tokenManager.getTokens();
      history.replaceState(null, "", "/widget");
      return show({ tokens });
    }
    show(await widget.showSignIn({ el: "#widget" }));
  } catch (error) {
    fail(error);
  }
})();
