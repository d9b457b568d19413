/** Calls a native function that writes through a null pointer, or aborts. */
public class Ways {
    static native void crash(boolean aborts);

    public static void main(String[] args) {
        System.load(args[0]);
        crash(args[1].equals("abort"));
    }
}
