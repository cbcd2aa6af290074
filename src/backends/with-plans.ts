import { generationHandle } from '../engine/generation-handle.js'
import type { Plan } from '../plan/types.js'
import type { Backend } from './backend.js'

/**
 * A backend whose generations carry our plan of the payload where they have none of their own: what was to be drawn, by which the
 * harness judges sizes and numbers of pictures. A payload that we cannot plan goes without.
 */
export function withPlans<B extends Backend>(backend: B, planOf: (payload: string) => Promise<Plan | undefined>): B {
  return {
    ...backend,
    generate(payload, options) {
      const handle = backend.generate(payload, options)
      return generationHandle(
        options.id,
        mode => handle.cancel(mode),
        async emit => {
          for await (const event of handle) if (event.type !== 'finished') emit(event)
          const generation = await handle
          if (generation.plan !== undefined) return generation
          const plan = await planOf(payload).catch(() => undefined)
          return plan === undefined ? generation : { ...generation, plan }
        },
      )
    },
  }
}
