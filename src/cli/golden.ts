import { commandGroup } from './command.js'

export const golden = commandGroup({
  name: 'golden',
  about: 'what is approved',
  commands: {
    list: {
      about: 'List what is approved, by whom and why',
      load: async () => (await import('./golden-list.js')).goldenList,
    },
    audit: {
      about: 'Say which goldens pixels cannot tell apart, and what does',
      load: async () => (await import('./golden-audit.js')).goldenAudit,
    },
    prune: {
      about: 'Remove goldens that a complete run did not replay',
      load: async () => (await import('./golden-prune.js')).goldenPrune,
    },
  },
})
