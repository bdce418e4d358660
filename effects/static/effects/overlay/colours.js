// Colours that can be read: black or white on a colour of the streamer's, and that colour on the theme's ground.

const LEAST = 4.5; // WCAG's AA for text of any size
const STEP = 0.02; // of a colour's lightness

// Black or white, whichever is read more easily on a colour like #7c4dff: on any, the contrast is 4.5 or more.
export function ink(colour) {
  const ground = parts(colour);
  return contrast([0, 0, 0], ground) > contrast([255, 255, 255], ground) ? "#000000" : "#ffffff";
}

// The colour, lightened or darkened as far as it takes to be read on `ground`, whatever lies behind that. `ground` is
// written as #rrggbb or, as browsers tell it, rgb() or rgba(). Null where none can be.
export function readable(colour, ground) {
  const grounds = [0, 255].map((behind) => over(ground, behind));
  const { hue, saturation, light } = shades(parts(colour));
  for (let change = 0; change <= 1; change += STEP) {
    for (const lightness of [light + change, light - change].filter((one) => one >= 0 && one <= 1)) {
      const shade = ofLightness(hue, saturation, lightness);
      if (grounds.every((one) => contrast(shade, one) >= LEAST)) {
        return `rgb(${shade.join(" ")})`;
      }
    }
  }
  return null;
}

// Hue (0 to 12), saturation and lightness, as in hsl().
function shades(colour) {
  const [red, green, blue] = colour.map((part) => part / 255);
  const most = Math.max(red, green, blue);
  const range = most - Math.min(red, green, blue);
  const light = most - range / 2;
  const turn = most === red ? (green - blue) / range : most === green ? 2 + (blue - red) / range : 4 + (red - green) / range;
  return { hue: range ? (2 * turn + 12) % 12 : 0, saturation: range ? range / (1 - Math.abs(2 * light - 1)) : 0, light };
}

function ofLightness(hue, saturation, light) {
  const most = saturation * Math.min(light, 1 - light);
  return [0, 8, 4].map((turn) => {
    const place = (turn + hue) % 12;
    return Math.round(255 * (light - most * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  });
}

function parts(colour) {
  return [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
}

function over(ground, behind) {
  if (ground.startsWith("#")) {
    return parts(ground);
  }
  const [red, green, blue, alpha = 1] = ground.match(/[\d.]+/g).map(Number);
  return [red, green, blue].map((part) => part * alpha + behind * (1 - alpha));
}

function contrast(one, other) {
  const [darker, brighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (brighter + 0.05) / (darker + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
