/** A running generation as its caller sees it: a promise of the result and, for those who want it, the events on the way. */
import type { EngineEvent, Generation, GenerationHandle } from './types.js'

/** @param work does the job, emitting events; its generation becomes the last event. It must not reject. */
export function generationHandle(
  id: string,
  cancel: (mode: 'soft' | 'hard') => void,
  work: (emit: (event: EngineEvent) => void) => Promise<Generation>,
): GenerationHandle {
  const events: EngineEvent[] = []
  let wake: () => void = () => {}
  let news = new Promise<void>(resolve => {
    wake = resolve
  })
  const emit = (event: EngineEvent) => {
    events.push(event)
    wake()
    news = new Promise(resolve => {
      wake = resolve
    })
  }
  const done = work(emit).then(generation => {
    emit({ type: 'finished', generation })
    return generation
  })
  return {
    id,
    cancel: (mode = 'soft') => cancel(mode),
    // biome-ignore lint/suspicious/noThenProperty: a handle is awaited for its generation, on purpose
    then: (onFulfilled, onRejected) => done.then(onFulfilled, onRejected),
    async *[Symbol.asyncIterator]() {
      for (let next = 0; ; next++) {
        while (events.length <= next) await news
        const event = events[next]
        if (event === undefined) return
        yield event
        if (event.type === 'finished') return
      }
    },
  }
}
