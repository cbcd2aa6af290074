import { commandGroup } from './command.js'
import { price } from './kudos-price.js'

export const kudos = commandGroup({
  name: 'kudos',
  about: 'what jobs are worth',
  otherwise: price,
  commands: {
    train: {
      about: 'Make a predictor of times, and so of kudos, of recorded runs',
      load: async () => (await import('./kudos-train.js')).kudosTrain,
    },
    payloads: {
      about: 'Write payloads of the published distribution, to be replayed and trained on',
      load: async () => (await import('./kudos-payloads.js')).kudosPayloads,
    },
  },
})
