/**
 * Networks of Deeplearning4j as federable models: LoRA factors on the dense layers of a network that was trained before, the
 * rest of it frozen, behind the same {@link dev.fedlora.lora.train.LocalTrainer} as the transformer engine.
 *
 * <p>Vocabulary: the <em>base network</em> is the trained one, which is never changed; an <em>adapted network</em> is a copy
 * of it in which {@link dev.fedlora.lora.dl4j.LoraDenseLayer} stands in for the chosen dense layers; the <em>head</em> is its
 * output layer, trained as a whole where a task has labels.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.dl4j.BaseNetwork}, then {@link dev.fedlora.lora.dl4j.Dl4jTrainer}.
 *
 * <p>Adapters of these networks are ordinary {@link dev.fedlora.lora.LoraAdapter}s of the architecture {@value
 * dev.fedlora.lora.dl4j.BaseNetwork#ARCHITECTURE}. So the bytes on the wire, their hashes, aggregation, versions and a
 * client's checks of a plan are those of every other adapter, and neither a coordinator nor a protocol message knows that
 * Deeplearning4j exists.
 *
 * <p>Rules: types of ND4J and Deeplearning4j appear in public signatures here and in no other package. Whoever uses this
 * package has {@code org.deeplearning4j:deeplearning4j-nn} and an ND4J back end on the class path; both are optional
 * dependencies. A network file is read by Deeplearning4j's own copies of JSON and compression libraries, which have known
 * advisories, and names classes to load: restore only files whose origin you trust, never what came over a network.
 *
 * <p>Source: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022 (arXiv 2106.09685).
 */
@NullMarked
package dev.fedlora.lora.dl4j;

import org.jspecify.annotations.NullMarked;
