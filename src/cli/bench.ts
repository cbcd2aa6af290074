import { benchRun } from './bench-run.js'
import { commandGroup } from './command.js'

export const bench = commandGroup({
  name: 'bench',
  about: 'how fast a backend is',
  otherwise: benchRun,
  commands: {
    'full-size': {
      about: 'Write a model of a published size with random weights, so that its speed can be measured without it',
      load: async () => (await import('./bench-full-size.js')).benchFullSize,
    },
  },
})
