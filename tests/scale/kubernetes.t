#!/usr/bin/perl
# The manifests of jobs/kubernetes/: every field is one of tests/scale/kubernetes-fields.txt with a value of its type; what
# they say of themselves fits together (volumes, names, exit statuses, the count of shards); and the program takes their
# commands. A reader of the YAML that they are written in refuses what it does not know.
#
# In the long form (make proof, with npm) the table is compared with the types of the npm package kubernetes-types, and the
# manifests are validated by kubernetes-models.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycProof;
use KycTest;

my $home = "$FindBin::Bin/../..";
my $table = "$FindBin::Bin/kubernetes-fields.txt";
my @manifests = glob "$home/jobs/kubernetes/*.yaml";

# --- YAML: block and flow mappings and lists, plain and double-quoted scalars, comments, several documents.

# A scalar, with how it was written: {text, is_quoted}.
sub scalar_of
{
    my ($text) = @_;
    return {text => $1, is_quoted => 1} if $text =~ /\A"([^"\\]*)"\z/;
    die "not understood: $text\n" if $text =~ /\A["'&*!|>%@`]|: |\A-(?: |\z)/ || $text eq '';
    return {text => $text, is_quoted => 0};
}

# Reads a flow value at the beginning of $$rest, which loses it.
sub flow
{
    my ($rest) = @_;
    $$rest =~ s/\A\s+//;
    if ($$rest =~ s/\A\[\s*//) {
        my @list;
        until ($$rest =~ s/\A\]\s*//) {
            push @list, flow($rest);
            $$rest =~ s/\A,\s*// || $$rest =~ /\A\]/ or die "no , or ] before: $$rest\n";
        }
        return \@list;
    }
    if ($$rest =~ s/\A\{\s*//) {
        my %map;
        until ($$rest =~ s/\A\}\s*//) {
            $$rest =~ s/\A([\w.\/-]+):\s+// or die "no key at: $$rest\n";
            my $key = $1;
            die "$key twice\n" if exists $map{$key};
            $map{$key} = flow($rest);
            $$rest =~ s/\A,\s*// || $$rest =~ /\A\}/ or die "no , or } before: $$rest\n";
        }
        return \%map;
    }
    $$rest =~ s/\A("[^"]*"|[^,\[\]\{\}"]+?)\s*(?=[,\]\}]|\z)// or die "no value at: $$rest\n";
    return scalar_of($1);
}

sub value_of
{
    my ($text) = @_;
    return scalar_of($text) if $text !~ /\A[\[\{]/;
    my $value = flow(\$text);
    die "after the value: $text\n" if $text ne '';
    return $value;
}

# Lines as [indentation, text], without comments; a flow value that goes on is one line.
sub lines_of
{
    my (@lines);
    for my $line (split /\n/, $_[0]) {
        1 while $line =~ s/\A((?:[^"#]|"[^"]*"|(?<! )#)*?)(?:\A| +)#.*\z/$1/;
        next if $line !~ /\S/;
        my ($indent, $text) = $line =~ /\A( *)(\S.*?) *\z/ or die "a tab: $line\n";
        my $open = @lines ? (() = $lines[-1][1] =~ /[\[\{]/g) - (() = $lines[-1][1] =~ /[\]\}]/g) : 0;
        if ($open > 0) { $lines[-1][1] .= " $text" } else { push @lines, [length $indent, $text] }
    }
    return \@lines;
}

# The mapping or list that begins with the first line; its lines are removed.
sub block
{
    my ($lines) = @_;
    my $indent = $lines->[0][0];
    my $is_list = $lines->[0][1] =~ /\A- /;
    my ($list, $map) = ([], {});
    while (@$lines && $lines->[0][0] == $indent && ($lines->[0][1] =~ /\A- / ? 1 : '') eq $is_list) {
        if ($is_list) {
            my ($blanks, $text) = $lines->[0][1] =~ /\A-( +)(.*)/;
            if ($text =~ /\A[\[\{]/ || $text !~ /\A[\w.\/-]+:(?: |\z)/) {
                shift @$lines;
                push @$list, value_of($text);
            } else {
                $lines->[0] = [$indent + 1 + length $blanks, $text];
                push @$list, block($lines);
            }
            next;
        }
        my ($key, $text) = (shift @$lines)->[1] =~ /\A([\w.\/-]+):(?: +(.*))?\z/ or die "no key at: $lines->[0][1]\n";
        die "$key twice\n" if exists $map->{$key};
        die "$key has no value\n" if !defined $text && !(@$lines && ($lines->[0][0] > $indent || $lines->[0][0] == $indent && $lines->[0][1] =~ /\A- /));
        $map->{$key} = defined $text ? value_of($text) : block($lines);
    }
    die "indentation: $lines->[0][1]\n" if @$lines && $lines->[0][0] > $indent;
    return $is_list ? $list : $map;
}

sub documents
{
    my ($text) = @_;
    return map { my $lines = lines_of($_); my $value = block($lines); die "left over: $lines->[0][1]\n" if @$lines; $value } split /^---\n/m, $text;
}

# --- The table: {TYPE => {MEMBER => {value, is_required}}}.
sub table_of
{
    my %type;
    for my $line (grep { /^[^#]/ } split /\n/, read_file($table)) {
        my ($type, $member, $is_required, $value) = $line =~ /\A(\w+) (\w+)(!?) (\S+)\z/ or die "$table: $line";
        $type{$type}{$member} = {value => $value, is_required => $is_required ne ''};
    }
    return \%type;
}
my $types = table_of();

# What of a value is not as the table has it: ("PATH: …", …).
sub faults_of
{
    my ($path, $value, $want) = @_;
    if ($want =~ /\A\[(.+)\]\z/) {
        my ($item, $index) = ($1, 0);
        return ref $value eq 'ARRAY' ? map { faults_of("$path\[" . $index++ . ']', $_, $item) } @$value : "$path: no list";
    }
    if ($want =~ /\A\{(.+)\}\z/) {
        my $item = $1;
        return ref $value eq 'HASH' && !exists $value->{is_quoted} ? map { faults_of("$path.$_", $value->{$_}, $item) } sort keys %$value : "$path: no mapping";
    }
    if (my $type = $types->{$want}) {
        return "$path: no mapping" if ref $value ne 'HASH' || exists $value->{is_quoted};
        return (map { $type->{$_} ? faults_of("$path.$_", $value->{$_}, $type->{$_}{value}) : "$path.$_: unknown" } sort keys %$value),
            map { "$path.$_: missing" } grep { $type->{$_}{is_required} && !exists $value->{$_} } sort keys %$type;
    }
    return "$path: no scalar" if ref $value ne 'HASH' || !exists $value->{is_quoted};
    my ($text, $is_quoted) = @$value{qw(text is_quoted)};
    my $is_string = $is_quoted || $text !~ /\A(?:true|false|null|yes|no|on|off|~|[-+.]?\d[\d._]*)\z/i;
    return $want eq 'integer' ? (!$is_quoted && $text =~ /\A\d+\z/ ? () : "$path: no integer")
        : $want eq 'boolean' ? (!$is_quoted && $text =~ /\A(?:true|false)\z/ ? () : "$path: no boolean")
        : $want eq 'quantity' ? ($text =~ /\A\d+(?:\.\d+)?(?:m|[kMGT]i?)?\z/ ? () : "$path: no quantity")
        : !$is_string ? "$path: no string"
        : $want eq 'string' ? ()
        : (grep { $_ eq $text } split /\|/, $want =~ s/"//gr) ? () : "$path: not $want";
}

# --- What fits together in one document.
sub pod_of { my ($document) = @_; return ($document->{spec}{jobTemplate} || $document)->{spec} }
sub texts { return map { $_->{text} } @{$_[0] || []} }

sub mismatches
{
    my ($document) = @_;
    my $job = pod_of($document);
    my $pod = $job->{template}{spec} or return ();
    my %volume = map { ($_->{name}{text} => 0) } @{$pod->{volumes}};
    my %container = map { ($_->{name}{text} => 1) } @{$pod->{containers}};
    my @faults;
    for my $container (@{$pod->{containers}}) {
        for my $mount (@{$container->{volumeMounts}}) {
            my $name = $mount->{name}{text};
            push @faults, "no volume $name" if !exists $volume{$name};
            $volume{$name}++;
        }
        my $command = join ' ', texts($container->{command});
        push @faults, 'a shell is process 1' if $command !~ /\Akyc-import (?:check|run|merge) /;
        push @faults, 'rejected rows are a failure' if $command !~ / --rows-ok\b/;
        push @faults, "$1 shards of $job->{completions}{text}" if $command =~ m{--shard \S+/(\d+)} && $1 != $job->{completions}{text};
        push @faults, 'the root is not read-only' if ($container->{securityContext}{readOnlyRootFilesystem}{text} // '') ne 'true';
        push @faults, 'privileges' if ($container->{securityContext}{allowPrivilegeEscalation}{text} // '') ne 'false'
            || join(' ', texts($container->{securityContext}{capabilities}{drop})) ne 'ALL';
        push @faults, 'no memory limit' if !$container->{resources}{limits}{memory};
    }
    push @faults, map { "volume $_ is not mounted" } grep { !$volume{$_} } sort keys %volume;
    push @faults, 'runs as root' if ($pod->{securityContext}{runAsNonRoot}{text} // '') ne 'true' || $pod->{securityContext}{runAsUser}{text} ne '10001';
    push @faults, 'has a token of the cluster' if ($pod->{automountServiceAccountToken}{text} // '') ne 'false';
    push @faults, 'the pod is restarted in place' if $pod->{restartPolicy}{text} ne 'Never';
    push @faults, 'killed before delivery.timeout is over' if $pod->{terminationGracePeriodSeconds}{text} <= 30;
    my %action;
    for my $rule (@{$job->{podFailurePolicy}{rules}}) {
        my $codes = $rule->{onExitCodes} or next;
        push @faults, "no container $codes->{containerName}{text}" if !$container{$codes->{containerName}{text}};
        $action{$_} //= $rule->{action}{text} for texts($codes->{values});
    }
    push @faults, '0 in a rule' if $action{0};
    push @faults, map { "status $_ is tried again" } grep { ($action{$_} // '') ne 'FailJob' } 2, 3, 4;
    push @faults, map { "status $_ ends the job" } grep { ($action{$_} // 'Count') ne 'Count' } 6, 7, 137;
    my $is_remote = !grep { /state/ } keys %volume;
    push @faults, 'status 5: ' . ($action{5} // 'Count') if ($action{5} // 'Count') ne ($is_remote ? 'Count' : 'FailJob');
    return @faults;
}

my %commands;
for my $path (@manifests) {
    my ($name) = $path =~ m{([^/]+)\z};
    my @documents = eval { documents(read_file($path)) };
    is($@, '', "$name is YAML") or next;
    for my $document (@documents) {
        my $kind = $document->{kind}{text};
        ok($types->{$kind}, "$name: $kind is known") or next;
        is_deeply([faults_of($kind, $document, $kind)], [], "$name: every field of the $kind exists, with a value of its type");
        is_deeply([mismatches($document)], [], "$name: and what it says fits together");
        $commands{"$name, $document->{metadata}{name}{text}"} = [map { [texts($_->{command})] } @{pod_of($document)->{template}{spec}{containers}}];
    }
}
is(scalar keys %commands, 6, 'two Jobs, two CronJobs and two claims');

# The merge is of as many shards as there are.
my ($check, $merge) = documents(read_file("$home/jobs/kubernetes/check.yaml"));
my ($merged) = join(' ', texts(pod_of($merge)->{template}{spec}{containers}[0]{command})) =~ / --shards (\d+) /;
is($merged, pod_of($check)->{completions}{text}, 'as many shards are merged as are made');

# The program takes the options: it misses nothing but the job file.
for my $name (sort keys %commands) {
    for my $command (@{$commands{$name}}) {
        my (undef, @arguments) = map { s/\$\(JOB_COMPLETION_INDEX\)/0/r } @$command;
        my ($status, undef, $err) = run_program(program('kyc-import'), @arguments);
        like("$status $err", qr{^2 .*/job/job\.yaml: No such file}s, "$name: the program takes its command");
    }
}

# Each kind of fault is found.
my $run = read_file("$home/jobs/kubernetes/run.yaml");
for my $case (
    ['an unknown field', qr/readOnlyRootFilesystem/, 'readOnlyRootFileSystem', qr/readOnlyRootFileSystem: unknown/],
    ['a field in the wrong place', qr/^      backoffLimit/m, "      restartPolicy: Never\n      backoffLimit", qr/spec\.restartPolicy: unknown/],
    ['a string for an integer', qr/parallelism: 1/, 'parallelism: "1"', qr/parallelism: no integer/],
    ['a string for a boolean', qr/runAsNonRoot: true/, 'runAsNonRoot: "true"', qr/runAsNonRoot: no boolean/],
    ['a boolean for a string', qr/status: "True"/, 'status: True', qr/status: no string/],
    ['a word that is not allowed', qr/action: Count/, 'action: Retry', qr/action: not FailJob\|FailIndex\|Ignore\|Count/],
    ['a missing field', qr/operator: In, /, '', qr/operator: missing/],
    ['a scalar for a list', qr/drop: \[ALL\]/, 'drop: ALL', qr/drop: no list/],
    ['a size that is none', qr/memory: 1Gi/, 'memory: 1 GB', qr/memory: no quantity/],
    ['a volume that is not there', qr/(?<=volumeMounts:\n)/, "                - {name: none, mountPath: /none}\n", qr/no volume none/],
    ['a volume that is not mounted', qr/^ +- \{name: witness, mountPath.*\n/m, '', qr/volume witness is not mounted/],
    ['a container that is not there', qr/containerName: kyc-import/, 'containerName: kyc', qr/no container kyc/],
    ['a shell', qr/\[kyc-import, run/, '[sh, -c, kyc-import, run', qr/a shell is process 1/],
    ['a status that is tried again', qr/values: \[2, 3, 4\]/, 'values: [2, 3]', qr/status 4 is tried again/],
    ['a status that ends the job', qr/values: \[2, 3, 4\]/, 'values: [2, 3, 4, 7]', qr/status 7 ends the job/],
    ['status 5 of a database', qr/values: \[2, 3, 4\]/, 'values: [2, 3, 4, 5]', qr/status 5: FailJob/],
    ['a grace period that is too short', qr/terminationGracePeriodSeconds: 60/, 'terminationGracePeriodSeconds: 30', qr/killed before/],
) {
    my ($sentence, $old, $new, $want) = @$case;
    my ($document) = documents($run =~ s/$old/$new/r);
    my @faults = faults_of('CronJob', $document, 'CronJob');
    @faults = mismatches($document) if !@faults;
    ok(@faults == 1 && $faults[0] =~ $want, "$sentence is found") or diag(join "\n", @faults);
}
for my $text ("a: 1\na: 2\n", "a: 'x'\n", "a: [1, 2\n", "a:\nb: 1\n", "a: |\n  x\n", "a: &x 1\n", "\ta: 1\n", "a: 1\n   b: 2\n") {
    ok(!eval { documents($text); 1 }, 'refused: ' . $text =~ s/\n/\\n/gr);
}

# --- The published types.
SKIP: {
    skip 'the long form compares with the published types (make proof)', 1 if !proof_is_long();
    skip 'npm is not installed: the published types are not compared', 1 if (run_program('npm', '--version'))[0];
    my $scratch = scratch_folder();
    my ($status, $out, $err) = run_program('npm', 'install', '--prefix', "$scratch", qw(--no-audit --no-fund --silent kubernetes-models yaml kubernetes-types));
    skip 'npm cannot install kubernetes-models, yaml and kubernetes-types: ' . ((split /\n/, "$err$out")[0] // "status $status"), 1 if $status;
    is_deeply([type_differences("$scratch/node_modules/kubernetes-types")], [], 'the table is as the published types are');
    write_file("$scratch/validate.mjs", <<'JS');
import fs from 'fs';
import YAML from 'yaml';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
const kinds = { Job, CronJob, PersistentVolumeClaim };
for (const path of process.argv.slice(2))
    for (const document of YAML.parseAllDocuments(fs.readFileSync(path, 'utf8'))) {
        const object = document.toJSON();
        new kinds[object.kind](object).validate();
        console.log(object.kind);
    }
JS
    ($status, $out, $err) = run_program('node', "$scratch/validate.mjs", @manifests);
    is("$status $out", "0 Job\nJob\nCronJob\nPersistentVolumeClaim\nCronJob\nPersistentVolumeClaim\n", 'kubernetes-models takes the manifests') or diag($err);
    write_file("$scratch/bad.yaml", $run =~ s/action: Count/action: 5/r);
    isnt((run_program('node', "$scratch/validate.mjs", "$scratch/bad.yaml"))[0], 0, 'and refuses a number for a word');
}

# The types of a module and of those that it imports: {TYPE => {MEMBER => [value, is_required]}}.
sub published
{
    my ($folder, @modules) = @_;
    my %type;
    for my $module (@modules) {
        my $text = read_file("$folder/$module.d.ts");
        while ($text =~ /^export interface (\w+) \{\n(.*?)^\}/msg) {
            my ($name, $body) = ($1, $2);
            while ($body =~ /^    "?(\w+)"?(\??): (\{[^}]*\}|[^\n]*);$/mg) {
                my ($member, $optional, $value) = ($1, $2, $3);
                $type{$name}{$member} = [$value =~ s/\s+//gr, $optional eq ''];
            }
        }
    }
    return \%type;
}

sub type_differences
{
    my ($folder) = @_;
    my $published = published($folder, qw(batch/v1 core/v1 meta/v1));
    my @differences;
    for my $type (sort keys %$types) {
        for my $member (sort keys %{$types->{$type}}) {
            my ($value, $is_required) = @{$types->{$type}{$member}}{qw(value is_required)};
            my $theirs = $published->{$type}{$member} or do { push @differences, "$type $member: not published"; next };
            my $want = $value =~ /\A\[(.*)\]\z/ ? 'Array<' . plain($1) . '>' : $value =~ /\A\{(.*)\}\z/ ? '{[name:string]:' . plain($1) . ';}' : plain($value);
            push @differences, "$type $member: $value is published as $theirs->[0]" if $theirs->[0] ne $want;
            push @differences, "$type $member: required" if $theirs->[1] && !$is_required;
        }
        push @differences, map { "$type $_: required, and not in the table" } grep { $published->{$type}{$_}[1] && !$types->{$type}{$_} } sort keys %{$published->{$type}};
    }
    return @differences;
}

sub plain { my ($value) = @_; return $types->{$value} || $value =~ /\A"/ ? $value : $value eq 'integer' ? 'number' : $value eq 'quantity' ? 'Quantity' : $value eq 'boolean' ? 'boolean' : 'string' }

done_testing;
