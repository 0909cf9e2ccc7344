"""Names and shapes of tensors in published files, as their code writes them.

None of these files was at hand. The names were looked up in the code of the repositories that
docs/families.md gives, the shapes follow from the published sizes.
"""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from explorer.adapters._mgca_layout import MgcaSizes
from explorer.adapters._open_clip_config import OpenClipSizes, read_plan
from explorer.adapters.convirt import ConvirtNetwork
from explorer.adapters.cxr_clip import CxrClipNetwork, CxrClipSizes
from explorer.adapters.gloria import GloriaNetwork, GloriaSizes
from explorer.adapters.lovt import LovtNetwork, LovtSizes
from explorer.adapters.mgca import MgcaNetwork
from explorer.adapters.open_clip import OpenClipNetwork

from .makers import open_clip

Shapes = dict[str, tuple[int, ...]]
RESNET_TENSORS = 318  # of a ResNet-50 without its classifier, counters among them
BERT_LAYER_TENSORS = 16


def biomed_config() -> dict[str, object]:
    config: dict[str, dict[str, dict[str, object]]] = open_clip.BIOMED
    model = config["model_cfg"]
    vision = {**model["vision_cfg"], "image_size": 224}
    return {"model_cfg": {**model, "embed_dim": 512, "vision_cfg": vision}}


def vit_b_32_config() -> dict[str, object]:
    """ViT-B-32 of open_clip."""
    vision = {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32}
    text = {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}
    return {"model_cfg": {"embed_dim": 512, "vision_cfg": vision, "text_cfg": text}}


LAYOUTS: dict[str, tuple[Callable[[], nn.Module], int, Shapes]] = {
    "gloria": (
        lambda: GloriaNetwork(GloriaSizes()),
        RESNET_TENSORS + 3 + 5 + 12 * BERT_LAYER_TENSORS + 2,
        {
            "img_encoder.model.conv1.weight": (64, 3, 7, 7),
            "img_encoder.model.layer3.5.conv3.weight": (1024, 256, 1, 1),
            "img_encoder.model.layer4.0.downsample.0.weight": (2048, 1024, 1, 1),
            "img_encoder.global_embedder.weight": (768, 2048),
            "img_encoder.global_embedder.bias": (768,),
            "img_encoder.local_embedder.weight": (768, 1024, 1, 1),
            "text_encoder.model.embeddings.word_embeddings.weight": (28996, 768),
            "text_encoder.model.encoder.layer.11.attention.self.query.weight": (768, 768),
            "text_encoder.model.pooler.dense.weight": (768, 768),
        },
    ),
    "mgca": (
        lambda: MgcaNetwork(MgcaSizes()),
        # ViT, four heads, BERT without pooler, two attention layers, prototypes
        150 + 4 * 12 + 5 + 6 * BERT_LAYER_TENSORS + 2 * 4 + 1,
        {
            "img_encoder_q.model.cls_token": (1, 1, 768),
            "img_encoder_q.model.pos_embed": (1, 197, 768),
            "img_encoder_q.model.patch_embed.proj.weight": (768, 3, 16, 16),
            "img_encoder_q.model.blocks.11.attn.qkv.weight": (2304, 768),
            "img_encoder_q.model.blocks.11.mlp.fc1.weight": (3072, 768),
            "img_encoder_q.model.norm.weight": (768,),
            "img_encoder_q.global_embed.head.0.weight": (2048, 768),
            "img_encoder_q.global_embed.head.4.running_mean": (128,),
            "img_encoder_q.local_embed.head.0.weight": (2048, 768, 1),
            "img_encoder_q.local_embed.head.3.weight": (128, 2048, 1),
            "text_encoder_q.model.encoder.layer.5.output.dense.weight": (768, 3072),
            "text_encoder_q.local_embed.head.1.weight": (2048,),
            "patch_local_atten_layer.in_proj_weight": (384, 128),
            "word_local_atten_layer.out_proj.bias": (128,),
            "prototype_layer.weight": (500, 128),
        },
    ),
    "convirt": (
        lambda: ConvirtNetwork(MgcaSizes(image="resnet_50")),
        RESNET_TENSORS + 4 * 12 + 5 + 6 * BERT_LAYER_TENSORS,
        {
            "img_encoder.model.bn1.running_var": (64,),
            "img_encoder.global_embed.head.0.weight": (2048, 2048),
            "img_encoder.local_embed.head.0.weight": (2048, 1024, 1),
            "text_encoder.global_embed.head.3.weight": (128, 2048),
        },
    ),
    "lovt": (
        lambda: LovtNetwork(LovtSizes()),
        # two attention poolings, four projections, BERT with pooler, cross attention
        RESNET_TENSORS + 2 * 4 + 4 * 9 + 5 + 12 * BERT_LAYER_TENSORS + 2 + 3 * 2 + 5,
        {
            "model_a.encoder.feature_extractor.backbone_layers.layer1.0.conv1.weight": (
                64,
                64,
                1,
                1,
            ),
            "model_a.encoder.global_aggregator.attention.in_proj_weight": (6144, 2048),
            "model_a.project_local.projection_before.weight": (2048, 2048, 1),
            "model_a.project_local.norm.running_mean": (2048,),
            "model_a.project_global.projection_after.weight": (512, 2048),
            "model_b.encoder.language_model.pooler.dense.bias": (768,),
            "model_b.encoder.global_aggregator.attention.out_proj.weight": (768, 768),
            "model_b.project_local.projection_before.weight": (2048, 768, 1),
            "ll_attention.key_projection.weight": (512, 512),
            "ll_attention.output_projection.bias": (512,),
            "ll_attention.norm.weight": (512,),
        },
    ),
    "cxr_clip": (
        lambda: CxrClipNetwork(CxrClipSizes()),
        RESNET_TENSORS + 5 + 12 * BERT_LAYER_TENSORS + 2 + 2 * 2 + 1,
        {
            "image_encoder.resnet.layer2.0.downsample.1.weight": (512,),
            "text_encoder.text_encoder.embeddings.LayerNorm.weight": (768,),
            "image_projection.projection.weight": (512, 2048),
            "text_projection.projection.bias": (512,),
            "logit_scale": (),
        },
    ),
    "cxr_clip, Swin-T": (
        lambda: CxrClipNetwork(CxrClipSizes(image="swin_tiny")),
        # stem, 12 blocks, 3 mergers, last norm; BERT with pooler, projections, scale
        4 + 12 * 17 + 3 * 3 + 2 + 5 + 12 * BERT_LAYER_TENSORS + 2 + 2 * 2 + 1,
        {
            "image_encoder.image_encoder.embeddings.patch_embeddings.projection.weight": (
                96,
                3,
                4,
                4,
            ),
            "image_encoder.image_encoder.encoder.layers.2.blocks.5.attention.self.key.weight": (
                384,
                384,
            ),
            "image_encoder.image_encoder.encoder.layers.3.blocks.1.attention.self."
            "relative_position_bias_table": (169, 24),
            "image_encoder.image_encoder.encoder.layers.3.blocks.1.output.dense.weight": (
                768,
                3072,
            ),
            "image_projection.projection.weight": (512, 768),
        },
    ),
    "open_clip, BiomedCLIP": (
        lambda: OpenClipNetwork(read_plan(biomed_config(), OpenClipSizes()), biased=False),
        150 + 1 + 5 + 12 * BERT_LAYER_TENSORS + 2 + 1,
        {
            "visual.trunk.cls_token": (1, 1, 768),
            "visual.trunk.blocks.0.norm1.weight": (768,),
            "visual.trunk.blocks.11.attn.proj.bias": (768,),
            "visual.head.proj.weight": (512, 768),
            "text.transformer.embeddings.word_embeddings.weight": (30522, 768),
            "text.proj.0.weight": (640, 768),
            "text.proj.2.weight": (512, 640),
            "logit_scale": (),
        },
    ),
    "open_clip, its own": (
        lambda: OpenClipNetwork(read_plan(vit_b_32_config(), OpenClipSizes()), biased=False),
        # the text tower is at the top of the file; it is nested while it is loaded
        4 + 2 * 2 + 12 * 12 + 1 + 2 + 1 + 12 * 12 + 2 + 1 - 1,
        {
            "visual.class_embedding": (768,),
            "visual.positional_embedding": (50, 768),
            "visual.conv1.weight": (768, 3, 32, 32),
            "visual.transformer.resblocks.11.attn.in_proj_weight": (2304, 768),
            "visual.transformer.resblocks.0.mlp.c_fc.weight": (3072, 768),
            "visual.ln_post.weight": (768,),
            "visual.proj": (768, 512),
            "text.positional_embedding": (77, 512),
            "text.token_embedding.weight": (49408, 512),
            "text.transformer.resblocks.11.mlp.c_proj.weight": (512, 2048),
            "text.ln_final.bias": (512,),
            "text.text_projection": (512, 512),
        },
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_names_shapes_and_number_of_tensors(name: str) -> None:
    build, count, shapes = LAYOUTS[name]
    with torch.device("meta"):
        state = build().state_dict()
    found = {key: tuple(state[key].shape) if key in state else None for key in shapes}
    assert found == shapes
    assert len(state) == count
