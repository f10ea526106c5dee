package busylamp.host;

import static busylamp.host.Descriptor.demand;

import java.io.File;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** An imported module and its one instance, from the packed file alone. */
final class Module {
    /** Java 8: what every version of the PBX loads. */
    private static final int NEWEST_CLASS = 52;

    /** Classes of one import of the module. Another import loads them anew, with statics of their own. */
    private static final class Loader extends ClassLoader {
        private final Map<String, byte[]> files;

        Loader(ClassLoader pbx, Map<String, byte[]> files) {
            super(pbx);
            this.files = files;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            byte[] file = files.get(name + ".class");
            if (file == null) {
                throw new ClassNotFoundException(name);
            }
            int major = (file[6] & 0xff) << 8 | file[7] & 0xff;
            if (major > NEWEST_CLASS) {
                throw new UnsupportedClassVersionError(name + " is of version " + major);
            }
            return defineClass(name, file, 0, file.length);
        }
    }

    private final Generation pbx;
    private final ClassLoader pbxLoader;
    private final Map<String, byte[]> files = new HashMap<>();
    final Descriptor descriptor;
    final String instance = "busylamp";
    private Loader loader;
    /** All that there ever were: the PBX is known to let old classes run on. */
    private final List<Loader> loaders = new ArrayList<>();
    private volatile boolean active;
    private volatile String key;

    Module(File sfm, Generation pbx, String key) throws Exception {
        this.pbx = pbx;
        this.pbxLoader = pbx.getClass().getClassLoader();
        this.key = key;
        Attributes manifest;
        try (JarFile jar = new JarFile(sfm)) {
            demand(jar.getManifest() != null, "Manifest fehlt!");
            manifest = jar.getManifest().getMainAttributes();
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                files.put(entry.getName(), jar.getInputStream(entry).readAllBytes());
            }
        }
        int spec = Integer.parseInt(manifest.getValue("StarfaceModule_SpecVersion"));
        demand(spec <= 5, "error.import.incompatible.version");
        descriptor = new Descriptor(files.get("module-descriptor.xml"));
        demand(descriptor.id.equals(manifest.getValue("ObjectId")), "error.import.unknown.module.id");
        for (Descriptor.Function function : descriptor.functions.values()) {
            demand(function.file() == null || files.containsKey(function.file()), function.file() + " is missing");
        }
        load();
        for (String name : files.keySet()) {
            if (name.endsWith(".class")) {
                loader.loadClass(name.substring(0, name.length() - ".class".length()));
            }
        }
    }

    private void load() {
        loader = new Loader(pbxLoader, files);
        loaders.add(loader);
    }

    boolean active() {
        return active;
    }

    /** What an administrator, or the PBX itself, does with the instance. */
    void act(String what, String newKey) throws Exception {
        switch (what) {
            case "create" -> stage("InstanceCreated");
            case "activate" -> {
                active = true;
                stage("InstanceActivated");
            }
            case "start" -> stage("SystemStarted");
            case "change" -> {
                key = newKey == null ? key : newKey;
                stage("InstanceChanged");
            }
            case "update" -> {
                stage("InstanceChanged");
                load();
            }
            // The new classes are there and nobody told the old ones.
            case "update_silently" -> load();
            case "deactivate" -> {
                active = false;
                stage("InstanceDeactivated");
            }
            case "delete" -> {
                active = false;
                stage("InstanceDeleted");
            }
            case "restart" -> {
                pbx.restart();
                load();
                stage("SystemStarted");
            }
            // As if nobody had asked the bridge for an hour.
            case "idle" -> hourAgo("lastAsked");
            // As if it had begun an hour ago.
            case "old" -> hourAgo("begun");
            default -> throw new IllegalArgumentException(what);
        }
    }

    private void stage(String stage) throws Exception {
        for (Descriptor.EntryPoint point : descriptor.entryPoints) {
            if (stage.equals(point.stage())) {
                execute(descriptor.functions.get(point.target()), Map.of());
            }
        }
    }

    private void hourAgo(String name) throws Exception {
        Class<?> type = loader.loadClass("BusylampBridge");
        Field current = type.getDeclaredField("current");
        current.setAccessible(true);
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        field.setLong(current.get(null), System.nanoTime() - 3_600_000_000_000L);
    }

    /** Calls an entry point of XML-RPC; null if there is none. */
    Map<String, Object> call(String name, Map<String, Object> parameters) throws Exception {
        for (Descriptor.EntryPoint point : descriptor.entryPoints) {
            if (point.name().equals(name) && "XMLRPC_auth".equals(point.type())) {
                return wrapper(descriptor.functions.get(point.target()), parameters);
            }
        }
        return null;
    }

    private Map<String, Object> wrapper(Descriptor.Function wrapper, Map<String, Object> parameters) throws Exception {
        // A class as the target is called without its parameters.
        if (wrapper.file() != null) {
            return execute(wrapper, Map.of());
        }
        Map<String, Object> values = new HashMap<>();
        for (Descriptor.Variable variable : descriptor.variables) {
            values.put(variable.id(), variable.name().equals("BUSYLAMP_KEY") ? key : variable.value());
        }
        for (Descriptor.Variable input : wrapper.inputs()) {
            values.put(input.id(), cast(parameters.get(input.name()), input.type()));
        }
        for (Descriptor.Call call : wrapper.calls()) {
            Map<String, Object> inputs = new HashMap<>();
            for (Descriptor.Variable input : call.inputs()) {
                inputs.put(input.id(), input.byReference() ? values.get(input.value()) : input.value());
            }
            Map<String, Object> outputs = execute(descriptor.functions.get(call.target()), inputs);
            for (Descriptor.Variable output : call.outputs()) {
                values.put(output.value(), outputs.get(output.id()));
            }
        }
        Map<String, Object> result = new LinkedHashMap<>();
        for (Descriptor.Variable output : wrapper.outputs()) {
            result.put(output.name(), values.get(output.id()));
        }
        // Every number leaves as a double; here is one.
        result.put("took", 1);
        return result;
    }

    /** A value of another type than the variable's is none. */
    private static Object cast(Object value, String type) {
        return switch (type) {
            case "STRING" -> value instanceof String ? value : null;
            case "NUMBER" -> value instanceof Number number ? Integer.valueOf(number.intValue()) : null;
            case "BOOLEAN" -> value instanceof Boolean ? value : Boolean.FALSE;
            default -> null;
        };
    }

    private Map<String, Object> execute(Descriptor.Function function, Map<String, Object> inputs)
            throws Exception {
        String name = function.file().substring(0, function.file().length() - ".class".length());
        Class<?> type = loader.loadClass(name);
        Object object = type.getConstructor().newInstance();
        for (Descriptor.Variable input : function.inputs()) {
            type.getField(input.name()).set(object, inputs.get(input.id()));
        }
        Class<?> environment = pbxLoader.loadClass("de.vertico.starface.module.core.runtime.IRuntimeEnvironment");
        try {
            type.getMethod("execute", environment).invoke(object, pbx.environment());
        } catch (java.lang.reflect.InvocationTargetException thrown) {
            throw thrown.getCause() instanceof Exception cause ? cause : thrown;
        }
        Map<String, Object> outputs = new HashMap<>();
        for (Descriptor.Variable output : function.outputs()) {
            outputs.put(output.id(), type.getField(output.name()).get(object));
        }
        return outputs;
    }
}
