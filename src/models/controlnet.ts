/** ControlNet files: does one fit the UNet that it is to steer? Reads headers only. */
import { ModelFileError } from '../errors.js'
import { openCheckpoint } from './checkpoint.js'
import type { ModelFacts } from './facts.js'

/** @throws ModelFileError where the file is no ControlNet in the layout of ldm, or was made for another family */
export async function checkControlnet(file: string, { family, unet }: ModelFacts): Promise<void> {
  const { tensors } = await openCheckpoint(file)
  const prefix = ['control_model.', ''].find(prefix => tensors.has(`${prefix}zero_convs.0.0.weight`))
  const input = prefix === undefined ? undefined : tensors.get(`${prefix}input_blocks.0.0.weight`)
  if (input === undefined) {
    throw new ModelFileError(`${file}: is no ControlNet: it has no zero_convs and input_blocks`, {
      hint: 'ControlNets in the layout of ldm are known, those of diffusers are not.',
    })
  }
  const context = [...tensors].find(([name]) => name.endsWith('.attn2.to_k.weight'))?.[1].shape[1]
  const expected = [unet.modelChannels, unet.outChannels, unet.contextDim]
  const got = [input.shape[0], input.shape[1], context ?? unet.contextDim]
  if (expected.some((size, i) => size !== got[i])) {
    const said = ([channels, latent, width]: readonly (number | undefined)[]) =>
      `${channels} channels, a latent of ${latent} and a context of ${width}`
    throw new ModelFileError(
      `${file}: is made for a UNet of ${said(got)}; this model (${family}) has ${said(expected)}`,
      { hint: 'Use a ControlNet made for the family of the model.' },
    )
  }
}
