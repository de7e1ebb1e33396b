package dev.fedlora.lora;

/** What B (A x) is multiplied by, as a function of alpha and of the factors' rank. */
public enum LoraScaling {
    /** alpha / r: Hu et al., LoRA, ICLR 2022 (arXiv 2106.09685). */
    STANDARD {
        @Override
        float scale(float alpha, int rank) {
            return alpha / rank;
        }
    },
    /** alpha / √r, whose output keeps its size as r grows: Kalajdzievski, rsLoRA, 2023 (arXiv 2312.03732). */
    RANK_STABILIZED {
        @Override
        float scale(float alpha, int rank) {
            return (float) (alpha / Math.sqrt(rank));
        }
    };

    abstract float scale(float alpha, int rank);
}
