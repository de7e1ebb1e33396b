/**
 * Frozen base models: forward, and backward to the adapters alone.
 *
 * <p>Vocabulary: a <em>sequence</em> is one tokenized text; a {@link dev.fedlora.lora.model.TokenBatch} is sequences laid
 * end to end as rows, without padding; {@link dev.fedlora.lora.model.Segments} say into which <em>accumulator</em> the
 * gradient of which rows goes, so that one pass gives the gradient of a batch or of each of its examples; {@link
 * dev.fedlora.lora.model.AdapterRuns} say which sequences use which adapter. Start at
 * {@link dev.fedlora.lora.model.BaseModels} and {@link dev.fedlora.lora.model.BaseModel}, then {@link
 * dev.fedlora.lora.model.SequenceClassifier} for classes, {@link dev.fedlora.lora.model.NextTokenModel} for next tokens and
 * {@link dev.fedlora.lora.model.TextGenerator} for texts; one class a family holds the weights ({@link
 * dev.fedlora.lora.model.BertModel}, {@link dev.fedlora.lora.model.DecoderModel}), its blocks stand beside it with forward
 * and backward next to each other.
 *
 * <p>Shape letters, everywhere in this package (all matrices row-major, rows × columns):
 *
 * <pre>
 * R rows of the batch (tokens)   S sequences        T tokens of one sequence
 * D width of the model           F feed-forward width
 * H heads                        E width of a head (D / H, unless the file says otherwise)
 * G heads of keys and values     V tokens of the vocabulary
 * N outputs, K inputs of a linear layer             r rank of the adapter
 * C classes                      P parameters of the adapter, head included
 * </pre>
 *
 * <p>Rules: a model is immutable and shared by threads; what a pass needs lives in a {@link
 * dev.fedlora.lora.model.ForwardPass}, which belongs to one thread. No gradient of a base weight exists.
 *
 * <p>Sources: Devlin et al., BERT, NAACL 2019 (arXiv 1810.04805); Hu et al., LoRA, ICLR 2022 (arXiv 2106.09685).
 */
@NullMarked
package dev.fedlora.lora.model;

import org.jspecify.annotations.NullMarked;
