// Emotes in a text: the platform's pictures in place of their codes.

const MOST = 12; // pictures in a text; further codes stay text

// Return the text as nodes, in which each code has its picture, as far as that comes by https from `host`.
export function withEmotes(text, emotes, host) {
  const urls = new Map((emotes ?? []).filter(({ url }) => isFrom(host, url)).map(({ code, url }) => [code, url]));
  if (urls.size === 0) {
    return [text];
  }
  // Of codes that begin alike, the longest is tried first.
  const codes = [...urls.keys()].sort((one, other) => other.length - one.length);
  const parts = text.split(new RegExp(`(${codes.map(escaped).join("|")})`));
  // Every second part is a code.
  return parts.map((part, place) => (place % 2 && place < 2 * MOST ? picture(part, urls.get(part)) : part));
}

function isFrom(host, url) {
  try {
    const { protocol, hostname, port, username, password } = new URL(url);
    return host !== "" && protocol === "https:" && hostname === host && port + username + password === "";
  } catch {
    return false; // no address at all
  }
}

function escaped(code) {
  return code.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function picture(code, url) {
  const made = Object.assign(document.createElement("img"), { className: "emote", alt: code, referrerPolicy: "no-referrer" });
  // Signed addresses expire.
  made.addEventListener("error", () => made.replaceWith(code), { once: true });
  made.src = url;
  return made;
}
