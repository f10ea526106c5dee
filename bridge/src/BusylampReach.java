import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;

/** Reflection, without checked exceptions of its own: what is not there is null. */
final class BusylampReach {
    private BusylampReach() {
    }

    /** A class of the PBX by its name. */
    static Class<?> type(String name) {
        ClassLoader[] loaders = {
            BusylampReach.class.getClassLoader(),
            IRuntimeEnvironment.class.getClassLoader(),
            Thread.currentThread().getContextClassLoader(),
        };
        for (ClassLoader loader : loaders) {
            try {
                return Class.forName(name, true, loader);
            } catch (ClassNotFoundException elsewhere) {
                continue;
            } catch (LinkageError broken) {
                continue;
            }
        }
        return null;
    }

    /** A public method that may be called on objects of a class, which itself need not be public. */
    static Method method(Class<?> type, String name, Class<?>... parameters) {
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            Method found = declared(at, name, parameters);
            if (found != null) {
                return found;
            }
        }
        return type != null && type.isInterface() ? declared(Object.class, name, parameters) : null;
    }

    private static Method declared(Class<?> type, String name, Class<?>... parameters) {
        if (callable(type)) {
            try {
                return type.getMethod(name, parameters);
            } catch (NoSuchMethodException inAnother) {
                return null;
            }
        }
        for (Class<?> face : type.getInterfaces()) {
            Method found = declared(face, name, parameters);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** Whether methods that a class declares may be called: its own of a proxy may not, those of its interfaces may. */
    private static boolean callable(Class<?> type) {
        return Modifier.isPublic(type.getModifiers()) && !Proxy.isProxyClass(type);
    }

    /** The class of an object if it may be called, else the first of its classes and interfaces that may. */
    static Class<?> publicType(Object object) {
        for (Class<?> at = object.getClass(); at != Object.class; at = at.getSuperclass()) {
            if (callable(at)) {
                return at;
            }
            for (Class<?> face : at.getInterfaces()) {
                if (callable(face)) {
                    return face;
                }
            }
        }
        return Object.class;
    }

    /** The one public method of this name and with so many parameters, of which the first takes such a value. */
    static Method taking(Class<?> type, String name, int count, Class<?> first) {
        if (type == null) {
            return null;
        }
        Method best = null;
        for (Method method : type.getMethods()) {
            Class<?>[] parameters = method.getParameterTypes();
            boolean fits = method.getName().equals(name) && parameters.length == count && !method.isBridge()
                    && (first == null || parameters[0].isAssignableFrom(first));
            // Of several that fit, the one for any object: what it does with it is its own affair.
            if (fits && (best == null || parameters[0] == Object.class)) {
                best = method;
            }
        }
        return best;
    }

    /** Calls a method; what the PBX throws is thrown. */
    static Object call(Method method, Object target, Object... arguments) throws Exception {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException thrown) {
            Throwable cause = thrown.getCause();
            if (cause instanceof Exception) {
                throw (Exception) cause;
            }
            if (cause instanceof VirtualMachineError) {
                throw (VirtualMachineError) cause;
            }
            throw thrown;
        }
    }

    /** Calls a method without parameters; null if there is none or it throws. */
    static Object ask(Object target, String name) {
        Method method = target == null ? null : method(target.getClass(), name);
        return method == null ? null : quietly(method, target);
    }

    /** Calls a method; null if it throws. */
    static Object quietly(Method method, Object target, Object... arguments) {
        try {
            return call(method, target, arguments);
        } catch (Exception refused) {
            return null;
        }
    }

    /** A method as `describe` shows it. */
    static String show(Method method) {
        StringBuilder out = new StringBuilder(method.getDeclaringClass().getSimpleName());
        out.append('.').append(method.getName()).append('(');
        Class<?>[] parameters = method.getParameterTypes();
        for (int at = 0; at < parameters.length; at++) {
            out.append(at == 0 ? "" : ", ").append(parameters[at].getSimpleName());
        }
        return out.append(')').toString();
    }
}
