"""Times a UNet or a VAE decoder of full size in diffusers, with random weights: the baseline of bench/full-size.ts.

usage: python bench/diffusers-baseline.py unet|vae [--model sd15|sdxl] [--size 512] [--device cpu|cuda] [--dtype fp32|fp16]
           [--threads 2] [--repeats 3] [--channels-last] [--serve]

Prints one JSON object: milliseconds of each run after a warm-up, and the peak of the resident memory in MiB. With --serve it
runs once for each line on stdin and answers with the milliseconds, so that runs of two programs can take turns.
"""

import argparse
import json
import resource
import sys
import time

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

UNETS = {
    "sd15": dict(
        block_out_channels=(320, 640, 1280, 1280),
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=768,
        attention_head_dim=8,
    ),
    "sdxl": dict(
        block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    ),
}
VAE = dict(
    block_out_channels=(128, 256, 512, 512),
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
    layers_per_block=2,
    latent_channels=4,
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["unet", "vae"])
    parser.add_argument("--model", choices=list(UNETS), default="sd15")
    parser.add_argument("--size", type=int, default=512, help="pixels of a side")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["fp32", "fp16"], default="fp32")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--serve", action="store_true")
    args = parser.parse_args()

    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    if args.threads:
        torch.set_num_threads(args.threads)
    dtype = torch.float16 if args.dtype == "fp16" else torch.float32
    with torch.device(args.device):
        model = UNet2DConditionModel(**UNETS[args.model]) if args.what == "unet" else AutoencoderKL(**VAE)
    if args.what == "vae":
        model.encoder = None
    model = model.to(dtype).eval()
    if args.channels_last:
        model = model.to(memory_format=torch.channels_last)

    def random(*shape):
        return torch.randn(*shape, device=args.device, dtype=dtype)

    latent = args.size // 8
    if args.what == "unet":
        # Conditional and unconditional row of one picture, as guidance wants them.
        context = random(2, 77, UNETS[args.model]["cross_attention_dim"])
        x = random(2, 4, latent, latent)
        added = {"text_embeds": random(2, 1280), "time_ids": random(2, 6)} if args.model == "sdxl" else None
        run = lambda: model(x, 500, context, added_cond_kwargs=added).sample
    else:
        x = random(1, 4, latent, latent)
        run = lambda: model.decode(x).sample

    def timed():
        start = time.perf_counter()
        run()
        if args.device != "cpu":
            torch.cuda.synchronize()
        return round(1000 * (time.perf_counter() - start), 2)

    warm_up = [timed() for _ in range(1 if args.device == "cpu" else 3)]
    if args.serve:
        print("ready", flush=True)
        for _ in sys.stdin:
            print(timed(), flush=True)
    times = [] if args.serve else [timed() for _ in range(args.repeats)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report = dict(what=args.what, model=args.model, size=args.size, device=args.device, dtype=args.dtype)
    report |= dict(torch=torch.__version__, channels_last=args.channels_last, warm_up=warm_up, times=times)
    print(json.dumps(report | dict(peak_mib=round(peak))), flush=True)


main()
