package dev.fedlora.privacy.accounting;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** The orders at which Rényi divergences are tracked, ascending, each above 1. Immutable. */
public final class RdpOrders {
    /** Nearer to 1 the conversion to epsilon divides by next to nothing. */
    private static final double SMALLEST = 1.0005;

    /** The cost of an integer order is proportional to it. */
    private static final double LARGEST = 100_000;

    private static final RdpOrders STANDARD = new RdpOrders(
            DoubleStream.concat(IntStream.rangeClosed(11, 109).mapToDouble(tenths -> tenths / 10.0), largeIntegers())
                    .toArray());
    private static final RdpOrders INTEGERS =
            new RdpOrders(DoubleStream.concat(IntStream.rangeClosed(2, 10).asDoubleStream(), largeIntegers())
                    .toArray());

    private final double[] orders;

    private RdpOrders(double[] orders) {
        this.orders = orders;
    }

    /** 1.1, 1.2, ... 10.9, 11, 12, ... 63, 128, 256, 512, 1024: what the public accountants use. */
    public static RdpOrders standard() {
        return STANDARD;
    }

    /** 2, 3, ... 63, 128, 256, 512, 1024. */
    public static RdpOrders integers() {
        return INTEGERS;
    }

    /**
     * Orders of the caller's own, in any sequence.
     *
     * @throws IllegalArgumentException when there is none, or one is not in [1.0005, 100000]
     */
    public static RdpOrders of(double... orders) {
        double[] ascending = Arrays.stream(orders).sorted().distinct().toArray();
        if (ascending.length == 0) {
            throw new IllegalArgumentException("orders are empty, there must be at least one");
        }
        for (double order : ascending) {
            if (!(order >= SMALLEST && order <= LARGEST)) {
                throw new IllegalArgumentException(
                        "order is " + order + ", must be in [" + SMALLEST + ", " + LARGEST + "]");
            }
        }
        return new RdpOrders(ascending);
    }

    /** Number of orders. */
    public int count() {
        return orders.length;
    }

    /** The order at {@code index}, ascending. */
    public double order(int index) {
        return orders[index];
    }

    /** The largest order. */
    double largest() {
        return orders[orders.length - 1];
    }

    private static DoubleStream largeIntegers() {
        return IntStream.concat(IntStream.rangeClosed(11, 63), IntStream.of(128, 256, 512, 1024))
                .asDoubleStream();
    }
}
