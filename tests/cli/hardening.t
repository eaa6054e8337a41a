#!/usr/bin/perl
# The programs are hardened: the flags of linker and compiler show in the files that they made.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use POSIX ();
use KycTest;

sub readelf
{
    my ($status, $out, $err) = run_program('readelf', '-W', @_);
    die "readelf @_: $err" if $status;
    return $out;
}

# The names of the symbols that the dynamic linker looks up.
sub wanted_symbols
{
    my ($path) = @_;
    return map { /\bUND\s+(\w+)/ ? $1 : () } split /\n/, readelf('--dyn-syms', $path);
}

for my $name (qw(kyc-import kyc-sandbox)) {
    my $path = program($name);
    my %needs = map { $_ => 1 } wanted_symbols($path);
  SKIP: {
        skip 'a sanitizer has its own ways', 8 if read_file($path) =~ /__(?:asan_init|tsan_init|gcov_init)\b/;
        like(readelf('-h', $path), qr/Type:\s+DYN /, "$name: position-independent");
        my ($dynamic, $segments) = (readelf('-d', $path), readelf('-l', $path));
        like($dynamic, qr/\(FLAGS_1\).*\bNOW\b.*\bPIE\b/, "$name: every symbol is bound at the start");
        like($segments, qr/^\s*GNU_RELRO\s/m, "$name: what is bound becomes read-only");
        like($segments, qr/^\s*GNU_STACK\s.*\sRW\s/m, "$name: the stack cannot be executed");
        unlike($segments, qr/^\s*LOAD\s.*\sRWE\s/m, "$name: nothing can be both written and executed");
        unlike($dynamic, qr/\((?:RPATH|RUNPATH|TEXTREL)\)/, "$name: no path of libraries of its own, no text relocations");
        ok($needs{__stack_chk_fail}, "$name: stacks are guarded");
        cmp_ok(scalar(grep { /^__\w+_chk$/ } keys %needs), '>', 5, "$name: the C library checks its bounds");
    }
}

# CET: a program has the mark only when each object of it has, and Debian's start-up code (Scrt1.o) does not. Ours do.
SKIP: {
    my $machine = (POSIX::uname())[4];
    skip "no CET on $machine", 2 if $machine ne 'x86_64';
    my @objects = map { glob program($_) } 'obj/*.o', 'obj/*/*.o';
    cmp_ok(scalar @objects, '>', 100, 'there are objects to look at');
    my ($file, %marked);
    for (split /\n/, readelf("-n", @objects)) {
        $file = $1 if m{^File: (.*)};
        $marked{$file} = 1 if /x86 feature: IBT, SHSTK/;
    }
    is_deeply([grep { !$marked{$_} } @objects], [], 'indirect branches and returns are guarded');
}
done_testing;
