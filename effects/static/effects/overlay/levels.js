// How loud a sound is from moment to moment, measured from its file: also where the page plays it in silence, as all
// pages but one do.

const RATE = 8000; // Hz: enough for the level of a voice
const WINDOW = 0.04; // seconds
// Decibels below full scale, from silence to as loud as speech gets.
const QUIET = -45;
const LOUD = -10;

// Levels from 0 to 1, one for each WINDOW of the sound.
export async function measure(address) {
  const answer = await fetch(address);
  if (!answer.ok) {
    throw new Error(`${answer.status}`);
  }
  // An offline context needs no click, unlike one that plays.
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await answer.arrayBuffer());
  const samples = sound.getChannelData(0);
  const size = Math.round(RATE * WINDOW);
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, place) => {
    const part = samples.subarray(place * size, (place + 1) * size);
    const power = part.reduce((sum, sample) => sum + sample * sample, 0) / part.length;
    const decibels = 10 * Math.log10(power + 1e-10);
    return Math.max(0, Math.min(1, (decibels - QUIET) / (LOUD - QUIET)));
  });
}

export function levelAt(levels, seconds) {
  return levels[Math.floor(seconds / WINDOW)] ?? 0;
}
