package dev.fedlora.simulations;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;

/** The directions of ARCHITECTURE.md. Maven keeps modules apart; these rules keep packages and sharp libraries so. */
@AnalyzeClasses(
        packages = "dev.fedlora",
        importOptions = {DoNotIncludeTests.class, ArchitectureTest.DoNotIncludeTestJars.class})
class ArchitectureTest {
    /** In a whole build the other modules' tests come as jars, not as folders. */
    static final class DoNotIncludeTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule privacy_knowsNoOtherModule =
            isolated("privacy", "lora", "aggregation", "client", "coordinator");

    @ArchTest
    static final ArchRule lora_knowsNoOtherModule = isolated("lora", "privacy", "aggregation", "client", "coordinator");

    @ArchTest
    static final ArchRule aggregation_knowsNoClientAndNoCoordinator =
            isolated("aggregation", "client", "coordinator", "simulations");

    @ArchTest
    static final ArchRule client_knowsNoCoordinator = isolated("client", "coordinator", "simulations");

    @ArchTest
    static final ArchRule coordinator_knowsNoClient = isolated("coordinator", "client", "simulations");

    @ArchTest
    static final ArchRule bouncyCastle_staysInCrypto = home("org.bouncycastle..", "dev.fedlora.aggregation.crypto..");

    @ArchTest
    static final ArchRule vertxWeb_staysInHttp = home("io.vertx.ext.web..", "dev.fedlora.coordinator.http..");

    @ArchTest
    static final ArchRule nd4j_staysInTensorTrainAndDl4j = home(
            "org.nd4j..",
            "dev.fedlora.lora.tensor..",
            "dev.fedlora.lora.train..",
            "dev.fedlora.lora.dl4j..",
            "dev.fedlora.examples.dl4j..");

    @ArchTest
    static final ArchRule deeplearning4j_staysInItsPackage =
            home("org.deeplearning4j..", "dev.fedlora.lora.dl4j..", "dev.fedlora.examples.dl4j..");

    /** Who has no such network does not load what needs its libraries. */
    @ArchTest
    static final ArchRule dl4jNetworks_areKnownToExamplesAlone = noClasses()
            .that()
            .resideOutsideOfPackages("dev.fedlora.lora.dl4j..", "dev.fedlora.examples.dl4j..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.fedlora.lora.dl4j..");

    @ArchTest
    static final ArchRule javaCpp_staysInTensorAndTrain =
            home("org.bytedeco..", "dev.fedlora.lora.tensor..", "dev.fedlora.lora.train..");

    @ArchTest
    static final ArchRule protobuf_staysWithTheFormatsMadeOfIt =
            home("com.google.protobuf..", "dev.fedlora.lora.onnx..", "dev.fedlora.lora.huggingface..");

    @ArchTest
    static final ArchRule sql_staysInStore = home("java.sql..", "dev.fedlora.coordinator.store..");

    /** A part can be used, and read, without the whole; the agent is a program on top of the client. */
    @ArchTest
    static final ArchRule clientParts_doNotKnowTheirRoot = noClasses()
            .that()
            .resideInAPackage("dev.fedlora.client.*..")
            .and()
            .resideOutsideOfPackage("dev.fedlora.client.agent..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.fedlora.client");

    @ArchTest
    static final ArchRule simulationParts_doNotKnowTheirRoot = noClasses()
            .that()
            .resideInAPackage("dev.fedlora.simulations.*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.fedlora.simulations");

    @ArchTest
    static final ArchRule libraries_neverPrintOrExit = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.fedlora.privacy..",
                    "dev.fedlora.lora..",
                    "dev.fedlora.aggregation..",
                    "dev.fedlora.client..",
                    "dev.fedlora.coordinator..",
                    "dev.fedlora.simulations..")
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    @ArchTest
    static final ArchRule packages_haveNoCycles =
            SlicesRuleDefinition.slices().matching("dev.fedlora.(**)").should().beFreeOfCycles();

    private static ArchRule isolated(String module, String... others) {
        String[] packages = java.util.Arrays.stream(others)
                .map(other -> "dev.fedlora." + other + "..")
                .toArray(String[]::new);
        return noClasses()
                .that()
                .resideInAPackage("dev.fedlora." + module + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(packages);
    }

    private static ArchRule home(String library, String... homes) {
        DescribedPredicate<JavaClass> outside =
                JavaClass.Predicates.resideOutsideOfPackages(homes).as("reside outside of " + String.join(", ", homes));
        return noClasses().that(outside).should().dependOnClassesThat().resideInAPackage(library);
    }
}
