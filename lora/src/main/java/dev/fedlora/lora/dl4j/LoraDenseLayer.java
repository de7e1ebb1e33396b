package dev.fedlora.lora.dl4j;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Configuration of a dense layer whose weight and bias are frozen and to which trainable factors of low rank are added:
 *
 * <pre>y = f(x W + b + s (x Aᵀ) Bᵀ)</pre>
 *
 * with x (examples × nIn), W (nIn × nOut), b (nOut), A (rank × nIn), B (nOut × rank). It goes into a {@code
 * MultiLayerConfiguration} like any layer, and {@link BaseNetwork#adapt} puts it in the place of trained dense layers.
 *
 * <p>Parameters, in this order: {@code W}, {@code b} when there is a bias, {@code A}, {@code B}. The two factors are kept
 * transposed, (nIn × rank) and (rank × nOut) in column-major order, as Deeplearning4j keeps W; so their memory is A and B in
 * row-major order. B starts at zero: a fresh layer is the dense layer alone.
 *
 * <p>W and b have no gradient and the updater {@code NoOp}: {@code MultiLayerNetwork.fit} leaves them as they are to the bit.
 * They are parameters all the same, so that {@code ModelSerializer} saves and restores the layer whole; the price is a
 * gradient array of zeros of their size. Input is of rank 2; weight noise is not applied; layer normalization does not exist
 * here. Dropout, regularization (of A and B), activation and updater are those of any layer.
 *
 * <p>Hu et al., LoRA, ICLR 2022 (arXiv 2106.09685).
 */
public final class LoraDenseLayer extends FeedForwardLayer {
    private static final long serialVersionUID = 1;

    // what a network file has to hold beyond any layer's own settings
    @JsonProperty
    private int rank;

    @JsonProperty
    private double scale;

    @JsonProperty
    private boolean hasBias;

    /** For Deeplearning4j's reader of configurations, which fills the fields. */
    LoraDenseLayer() {}

    private LoraDenseLayer(Builder builder) {
        super(builder);
        this.rank = builder.rank;
        this.scale = builder.scale;
        this.hasBias = builder.hasBias;
        initializeConstraints(builder);
    }

    /** Returns the columns of B and rows of A, at least 1. */
    public int rank() {
        return rank;
    }

    /** Returns s, what the factors' product is multiplied by: alpha / rank as a rule. */
    public double scale() {
        return scale;
    }

    /** Says whether there is a frozen bias. */
    public boolean hasBias() {
        return hasBias;
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration configuration,
            Collection<TrainingListener> listeners,
            int index,
            INDArray parameters,
            boolean initialize,
            DataType type) {
        LoraDense layer = new LoraDense(configuration, type);
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(parameters);
        layer.setParamTable(LoraDenseParameters.INSTANCE.init(configuration, parameters, initialize));
        layer.setConf(configuration);
        return layer;
    }

    @Override
    public ParamInitializer initializer() {
        return LoraDenseParameters.INSTANCE;
    }

    /** Returns {@code NoOp} for the frozen parameters, else the configured updater. */
    @Override
    public IUpdater getUpdaterByParam(String parameter) {
        return LoraDenseParameters.isFrozen(parameter) ? new NoOp() : super.getUpdaterByParam(parameter);
    }

    /** Returns nothing for the frozen parameters: a penalty on a constant trains nobody. */
    @Override
    public List<Regularization> getRegularizationByParam(String parameter) {
        return LoraDenseParameters.isFrozen(parameter) ? List.of() : super.getRegularizationByParam(parameter);
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType input) {
        long trained = rank * (getNIn() + getNOut());
        long all = LoraDenseParameters.INSTANCE.numParams(this);
        // the hidden values x Aᵀ on the way forward; on the way back also their gradient and that of y
        return new LayerMemoryReport.Builder(getLayerName(), LoraDenseLayer.class, input, getOutputType(-1, input))
                .standardMemory(all, getIUpdater() == null ? 0 : getIUpdater().stateSize(trained))
                .workingMemory(0, rank, 0, 2L * rank + getNOut())
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoraDenseLayer that
                && super.equals(that)
                && rank == that.rank
                && scale == that.scale
                && hasBias == that.hasBias;
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof LoraDenseLayer;
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), rank, scale, hasBias);
    }

    @Override
    public String toString() {
        return "LoraDenseLayer[%s, %d x %d, rank %d, scale %s]"
                .formatted(getLayerName(), getNIn(), getNOut(), rank, scale);
    }

    /** Collects what a layer needs; what {@code FeedForwardLayer.Builder} has works as for any layer. Not thread-safe. */
    @SuppressWarnings("unchecked") // the build() that is overridden promises whatever type its caller likes
    public static final class Builder extends FeedForwardLayer.Builder<Builder> {
        private int rank;
        private double scale = 1;
        private boolean hasBias = true;

        /** Sets the columns of B and rows of A. */
        public Builder rank(int columns) {
            this.rank = columns;
            return this;
        }

        /** Sets what the factors' product is multiplied by; 1 when not set. */
        public Builder scale(double factor) {
            this.scale = factor;
            return this;
        }

        /** Sets whether there is a frozen bias; there is one when not set. */
        public Builder hasBias(boolean isThere) {
            this.hasBias = isThere;
            return this;
        }

        /** @throws IllegalArgumentException when the rank is not positive, or the scale not positive and finite */
        @Override
        public LoraDenseLayer build() {
            if (rank < 1) {
                throw new IllegalArgumentException("rank must be at least 1, got " + rank);
            }
            if (!(scale > 0) || Double.isInfinite(scale)) {
                throw new IllegalArgumentException("scale must be positive and finite, got " + scale);
            }
            return new LoraDenseLayer(this);
        }
    }
}
