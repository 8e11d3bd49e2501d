// Draws ../openapi.json, which openapi.js holds: a page that was opened from a disk may not fetch it.
"use strict";

const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", monospace';

const LIGHT = {
  colors: { primary: { main: "#0b5c8a" } },
  sidebar: { backgroundColor: "#f6f7f8" },
  rightPanel: { backgroundColor: "#22303a" },
};

const DARK = {
  colors: {
    primary: { main: "#3d8fc7" },
    text: { primary: "#dde3e8", secondary: "#a4b0ba" },
    border: { dark: "#4a5863", light: "#35414a" },
    gray: { 50: "#1d252b", 100: "#28323a" },
    success: { main: "#5fb87a" },
    error: { main: "#f08a84" },
  },
  schema: { linesColor: "#4f6f86", nestedBackground: "#1d252b", typeNameColor: "#a4b0ba" },
  typography: {
    code: { color: "#f2b48a", backgroundColor: "#28323a" },
    links: { color: "#7cc0ea", visited: "#7cc0ea", hover: "#a6d6f5" },
  },
  sidebar: { backgroundColor: "#1a2126", textColor: "#dde3e8", activeTextColor: "#7cc0ea" },
  rightPanel: { backgroundColor: "#11171b" },
};

const THEME = {
  spacing: { sectionVertical: 24 },
  typography: {
    fontSize: "15px",
    lineHeight: "1.55",
    fontFamily: SANS,
    headings: { fontFamily: SANS, fontWeight: "600" },
    code: { fontFamily: MONO, fontSize: "13px", wrap: true },
  },
  sidebar: { width: "290px" },
};

function merged(one, other) {
  const both = { ...one };
  for (const [name, value] of Object.entries(other)) {
    both[name] = typeof value === "object" && name in one ? merged(one[name], value) : value;
  }
  return both;
}

// Links of the document are relative to its own place, one folder up.
for (const tag of ORDERHUB_OPENAPI.tags) {
  tag.description = tag.description.replaceAll("](", "](../");
}

const isDark = window.matchMedia("(prefers-color-scheme: dark)").matches;

Redoc.init(
  ORDERHUB_OPENAPI,
  {
    downloadUrls: [{ title: "openapi.json", url: "../openapi.json" }],
    expandResponses: "200,201",
    hideSchemaPattern: true,
    jsonSamplesExpandLevel: 3,
    maxDisplayedEnumValues: 12,
    nativeScrollbars: true,
    requiredPropsFirst: true,
    scrollYOffset: 0,
    theme: merged(THEME, isDark ? DARK : LIGHT),
  },
  document.getElementById("reference"),
);
