import type Sharp from 'sharp'

let loaded: Promise<typeof Sharp> | undefined

/** sharp, from the first picture on: loading it takes as long as many a command. */
export function loadSharp(): Promise<typeof Sharp> {
  loaded ??= import('sharp').then(module => module.default)
  return loaded
}
